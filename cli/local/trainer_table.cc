#include "cli/local/trainer_table.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/file_system.h"

namespace simclr::cli {
namespace {

std::map<std::string, std::string> FlagsOf(const std::string& command_line) {
  const std::vector<std::string> arguments = absl::StrSplit(command_line, '\0');
  std::map<std::string, std::string> flags;
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
    if (absl::StartsWith(arguments[i], "--")) flags[arguments[i]] = arguments[i + 1];
  }
  return flags;
}

std::optional<TrainerEntry> ReadTrainer(pid_t pid, const std::string& directory) {
  const auto command_line = PosixFileSystem().Read(absl::StrCat("/proc/", pid, "/cmdline"));
  const auto process = IdentifyProcess(pid);
  if (!command_line.ok() || !process.ok()) return std::nullopt;
  std::map<std::string, std::string> flags = FlagsOf(*command_line);
  TrainerEntry entry{flags["--job"], 0, 0, *process};
  const bool ours = absl::StartsWith(flags["--dir"], absl::StrCat(directory, "/")) && !entry.job.empty() &&
                    absl::SimpleAtoi(flags["--attempt"], &entry.attempt) &&
                    absl::SimpleAtoi(flags["--rank"], &entry.rank);
  return ours ? std::optional(entry) : std::nullopt;
}

}  // namespace

std::vector<TrainerEntry> FindTrainers(const std::string& directory) {
  std::vector<TrainerEntry> trainers;
  for (const std::string& name : PosixFileSystem().List("/proc").value_or(std::vector<std::string>())) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(name, &pid)) continue;
    if (const auto trainer = ReadTrainer(pid, directory)) trainers.push_back(*trainer);
  }
  std::sort(trainers.begin(), trainers.end(), [](const TrainerEntry& a, const TrainerEntry& b) {
    return std::tie(a.job, a.attempt, a.rank) < std::tie(b.job, b.attempt, b.rank);
  });
  return trainers;
}

}  // namespace simclr::cli
