#include "bench/control_plane/machine.h"

#include <fcntl.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"

namespace simclr::bench {
namespace {

// Files of /proc have no size, so that they are read as streams.
std::string ReadProc(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The number behind "key:" in lines such as "VmRSS:   123 kB".
std::int64_t Field(const std::string& text, absl::string_view key) {
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (line.substr(0, key.size()) != key || line.substr(key.size(), 1) != ":") continue;
    const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    std::int64_t number = 0;
    if (words.size() > 1 && absl::SimpleAtoi(words[1], &number)) return number;
  }
  return 0;
}

std::string FileSystemOf(const std::string& directory) {
  struct statfs facts {};
  if (::statfs(directory.c_str(), &facts) != 0) return "unknown";
  return absl::StrCat("type 0x", absl::Hex(facts.f_type),
                      " (0xef53 ext4, 0x1021994 tmpfs, 0x794c7630 overlay)");
}

}  // namespace

Report::Facts MachineFacts(const std::string& directory) {
  return {{"at", absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone())},
          {"cores", absl::StrCat(std::thread::hardware_concurrency())},
          {"load before", absl::StrCat(LoadAverage())},
          {"memory", absl::StrCat(Field(ReadProc("/proc/meminfo"), "MemTotal") / 1024, " MiB")},
          {"file system", FileSystemOf(directory)}};
}

double LoadAverage() {
  double load = 0;
  ::getloadavg(&load, 1);
  return load;
}

absl::StatusOr<Samples> ProbeFsync(const std::string& directory, int count) {
  const std::string path = JoinPath(directory, "fsync-probe");
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return absl::PermissionDeniedError(absl::StrCat("cannot write ", path));
  const std::string block(4096, 'x');
  Samples samples;
  for (int i = 0; i < count; ++i) {
    const absl::Duration start = RealClock().Monotonic();
    if (::write(file, block.data(), block.size()) < 0 || ::fsync(file) != 0) break;
    samples.Add(RealClock().Monotonic() - start);
  }
  ::close(file);
  ::unlink(path.c_str());
  return samples;
}

absl::StatusOr<ProcessUsage> UsageOf(pid_t pid) {
  const std::string directory = absl::StrCat("/proc/", pid, "/");
  const std::string stat = ReadProc(directory + "stat");
  // The program's name, in parentheses, may hold anything: fields are counted from behind it.
  const std::vector<std::string> fields =
      absl::StrSplit(stat.substr(std::min(stat.size(), stat.rfind(')') + 2)), ' ');
  std::int64_t user = 0, system = 0;
  if (fields.size() < 13 || !absl::SimpleAtoi(fields[11], &user) || !absl::SimpleAtoi(fields[12], &system)) {
    return absl::NotFoundError(absl::StrCat("process ", pid, " does not run"));
  }
  ProcessUsage usage;
  usage.processor =
      absl::Seconds(static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK)));
  usage.written_bytes = Field(ReadProc(directory + "io"), "write_bytes");
  usage.resident_bytes = Field(ReadProc(directory + "status"), "VmRSS") * 1024;
  usage.proportional_bytes = Field(ReadProc(directory + "smaps_rollup"), "Pss") * 1024;
  return usage;
}

}  // namespace simclr::bench
