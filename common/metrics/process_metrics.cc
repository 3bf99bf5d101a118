#include "common/metrics/process_metrics.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/types/optional.h"

namespace simclr {
namespace {

constexpr prometheus::MetricType kCounter = prometheus::MetricType::Counter;
constexpr prometheus::MetricType kGauge = prometheus::MetricType::Gauge;

enum Index { kCpu, kResident, kVirtual, kOpenFds, kMaxFds, kStart, kThreads };

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The fields of /proc/self/stat from the third on ("state"); the second may hold spaces and parentheses.
std::vector<std::string> StatFields(const std::string& proc) {
  const std::string text = ReadFile(proc + "/self/stat");
  const std::size_t end_of_name = text.rfind(") ");
  if (end_of_name == std::string::npos) return {};
  return absl::StrSplit(text.substr(end_of_name + 2), ' ');
}

// The field of that number, as proc(5) counts them.
absl::optional<double> Field(const std::vector<std::string>& fields, std::size_t number) {
  double value = 0;
  const std::size_t index = number - 3;
  if (index >= fields.size() || !absl::SimpleAtod(fields[index], &value)) return absl::nullopt;
  return value;
}

absl::optional<double> CpuSeconds(const std::vector<std::string>& stat) {
  const auto user = Field(stat, 14), system = Field(stat, 15);
  if (!user || !system) return absl::nullopt;
  return (*user + *system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

absl::optional<double> ResidentBytes(const std::vector<std::string>& stat) {
  const auto pages = Field(stat, 24);
  if (!pages) return absl::nullopt;
  return *pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// The value in the first line of `file` that starts with `key`.
absl::optional<double> Line(const std::string& file, absl::string_view key, std::size_t word) {
  for (const absl::string_view line : absl::StrSplit(file, '\n')) {
    if (!absl::StartsWith(line, key)) continue;
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    double value = 0;
    if (word < words.size() && absl::SimpleAtod(words[word], &value)) return value;
  }
  return absl::nullopt;
}

// Seconds since 1970: boot time plus the start's distance from it.
absl::optional<double> StartTime(const std::string& proc, const std::vector<std::string>& stat) {
  const auto boot = Line(ReadFile(proc + "/stat"), "btime ", 1);
  const auto ticks = Field(stat, 22);
  if (!boot || !ticks) return absl::nullopt;
  return *boot + *ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

absl::optional<double> OpenDescriptors(const std::string& proc) {
  std::error_code error;
  std::filesystem::directory_iterator entries(proc + "/self/fd", error);
  if (error) return absl::nullopt;
  return static_cast<double>(std::distance(begin(entries), end(entries)));
}

}  // namespace

const std::vector<Metric>& ProcessMetrics::Metrics() {
  static const std::vector<Metric> metrics = {
      {"process_cpu_seconds_total", kCounter, "Processor time in user and system mode, in seconds.", {}},
      {"process_resident_memory_bytes", kGauge, "Memory in physical pages, in bytes.", {}},
      {"process_virtual_memory_bytes", kGauge, "Address space, in bytes.", {}},
      {"process_open_fds", kGauge, "Open file descriptors.", {}},
      {"process_max_fds", kGauge, "Limit of open file descriptors.", {}},
      {"process_start_time_seconds", kGauge, "Start of the process, in seconds since 1970.", {}},
      {"process_threads", kGauge, "Threads of the process.", {}},
  };
  return metrics;
}

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  const std::vector<std::string> stat = StatFields(proc_);
  std::vector<prometheus::MetricFamily> families;
  const auto add = [&](Index index, absl::optional<double> value) {
    ScrapedFamily family(Metrics()[index]);
    if (value) family.Add({}, *value);
    family.MoveTo(families);
  };
  add(kCpu, CpuSeconds(stat));
  add(kResident, ResidentBytes(stat));
  add(kVirtual, Field(stat, 23));
  add(kOpenFds, OpenDescriptors(proc_));
  add(kMaxFds, Line(ReadFile(proc_ + "/self/limits"), "Max open files", 3));
  add(kStart, StartTime(proc_, stat));
  add(kThreads, Field(stat, 20));
  return families;
}

}  // namespace simclr
