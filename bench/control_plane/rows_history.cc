// Rows: what a long history costs.
#include <functional>

#include "absl/strings/str_cat.h"
#include "bench/control_plane/history.h"
#include "bench/control_plane/machine.h"
#include "bench/control_plane/rows.h"
#include "bench/control_plane/submitters.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"

namespace simclr::bench {
namespace {

constexpr int kCalls = 50;
constexpr int kCommands = 5;
constexpr int kQueuedAtRestart = 9'000;
constexpr int kRestarts = 3;

std::string FirstLine(absl::string_view text) {
  return std::string(text.substr(0, std::min(text.find('\n'), std::size_t{120})));
}

void MeasureCalls(Report& report, const std::string& name, const std::function<absl::Status()>& call) {
  Samples samples;
  for (int i = 0; i < kCalls; ++i) {
    const absl::Duration start = RealClock().Monotonic();
    if (const absl::Status status = call(); !status.ok()) {
      return report.AddMissing(name, FirstLine(status.message()));
    }
    samples.Add(RealClock().Monotonic() - start);
  }
  report.AddLatencies(name, samples);
}

absl::Status MeasureCommand(Bench& bench, const CoordinatorSetup& setup,
                            const RunningCoordinator& coordinator,
                            const std::vector<std::string>& arguments) {
  std::string name = "simclrctl";
  for (const std::string& argument : arguments) absl::StrAppend(&name, " ", argument);
  Samples first, whole;
  for (int i = 0; i < kCommands; ++i) {
    SIMCLR_ASSIGN_OR_RETURN(const CommandResult result, RunCtl(setup, coordinator, arguments));
    if (result.exit_code != 0) {
      bench.report.AddMissing(name, absl::StrCat("exit ", result.exit_code, ": ", FirstLine(result.output)));
      return absl::OkStatus();
    }
    first.Add(result.first_output);
    whole.Add(result.took);
  }
  bench.report.Add(name + ", first output, p50", absl::ToDoubleMilliseconds(first.Percentile(50)), "ms");
  bench.report.Add(name + ", whole, p50", absl::ToDoubleMilliseconds(whole.Percentile(50)), "ms");
  return absl::OkStatus();
}

absl::Status AddMemory(Report& report, const std::string& name, const RunningCoordinator& coordinator) {
  SIMCLR_ASSIGN_OR_RETURN(const ProcessUsage usage, UsageOf(coordinator.pid()));
  report.Add(name + ", resident", static_cast<double>(usage.resident_bytes) / 1e6, "MB");
  report.Add(name + ", proportional", static_cast<double>(usage.proportional_bytes) / 1e6, "MB");
  return absl::OkStatus();
}

}  // namespace

absl::Status RunLists(Bench& bench, const CoordinatorSetup& setup) {
  SIMCLR_ASSIGN_OR_RETURN(const Loaded loaded, StartLoaded(bench, setup, bench.options.ended, 0));
  const RunningCoordinator& coordinator = *loaded.coordinator;
  SIMCLR_ASSIGN_OR_RETURN(auto person, Person::Connect(coordinator.address(), bench.pki, 0));
  HistoryOptions history;
  history.ended = bench.options.ended;
  const std::string oldest = History(history).Record(0).job().spec().name();
  bench.report.Add("ended jobs", bench.options.ended, "");
  MeasureCalls(bench.report, "ListJobs, first answer", [&] { return person->ListJobs().status(); });
  MeasureCalls(bench.report, "GetJob by name, the oldest", [&] { return person->GetJob(oldest).status(); });
  MeasureCalls(bench.report, "GetJob by name, the newest", [&] { return person->GetJob("first").status(); });
  SIMCLR_RETURN_IF_ERROR(MeasureCommand(bench, setup, coordinator, {"version"}));
  SIMCLR_RETURN_IF_ERROR(MeasureCommand(bench, setup, coordinator, {"get", "jobs"}));
  SIMCLR_RETURN_IF_ERROR(MeasureCommand(bench, setup, coordinator, {"get", "job", oldest}));
  return MeasureCommand(bench, setup, coordinator, {"describe", "job", oldest});
}

absl::Status RunRestart(Bench& bench, const CoordinatorSetup& setup) {
  SIMCLR_ASSIGN_OR_RETURN(Loaded loaded, StartLoaded(bench, setup, bench.options.ended, kQueuedAtRestart));
  bench.report.Add("first start, database of schema 1",
                   absl::ToDoubleSeconds(loaded.coordinator->start_time()), "s");
  Samples after_stop, stops, after_kill;
  for (int i = 0; i < kRestarts; ++i) {
    SIMCLR_ASSIGN_OR_RETURN(const absl::Duration stop, loaded.coordinator->Stop());
    stops.Add(stop);
    SIMCLR_ASSIGN_OR_RETURN(loaded.coordinator, RunningCoordinator::Start(setup));
    after_stop.Add(loaded.coordinator->start_time());
    loaded.coordinator->Kill();
    SIMCLR_ASSIGN_OR_RETURN(loaded.coordinator, RunningCoordinator::Start(setup));
    after_kill.Add(loaded.coordinator->start_time());
  }
  bench.report.Add("stop by SIGTERM, p50", absl::ToDoubleSeconds(stops.Percentile(50)), "s");
  bench.report.Add("start after a stop, p50", absl::ToDoubleSeconds(after_stop.Percentile(50)), "s");
  bench.report.Add("start after a kill, p50", absl::ToDoubleSeconds(after_kill.Percentile(50)), "s");
  return absl::OkStatus();
}

absl::Status RunMemory(Bench& bench, const CoordinatorSetup& setup) {
  {
    SIMCLR_ASSIGN_OR_RETURN(const auto empty, RunningCoordinator::Start(setup));
    SIMCLR_RETURN_IF_ERROR(AddMemory(bench.report, "empty", *empty));
  }
  SIMCLR_ASSIGN_OR_RETURN(Loaded loaded, StartLoaded(bench, setup, bench.options.ended, 0));
  // The first start may have converted the database, which a running cluster does once.
  SIMCLR_RETURN_IF_ERROR(loaded.coordinator->Stop().status());
  SIMCLR_ASSIGN_OR_RETURN(loaded.coordinator, RunningCoordinator::Start(setup));
  return AddMemory(bench.report, absl::StrCat(bench.options.ended, " ended jobs"), *loaded.coordinator);
}

}  // namespace simclr::bench
