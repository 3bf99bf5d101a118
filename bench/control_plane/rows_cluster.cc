// Rows: a busy cluster, and heartbeats alone.
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/control_plane/agent_fleet.h"
#include "bench/control_plane/machine.h"
#include "bench/control_plane/metrics_page.h"
#include "bench/control_plane/rows.h"
#include "bench/control_plane/submitters.h"
#include "common/base/clock.h"
#include "common/base/status_macros.h"

namespace simclr::bench {
namespace {

constexpr int kRunning = 1000;
constexpr int kSlots = 8;
constexpr int kSubmitters = 16;
constexpr int kFreedSlots = 20;
constexpr absl::Duration kPlacementLimit = absl::Minutes(1);
constexpr absl::Duration kNextJobLimit = absl::Seconds(20);
constexpr absl::Duration kSettle = absl::Seconds(3);

// What versions of the coordinator export about the time of their decisions.
constexpr const char* kTickMetrics[] = {"simclr_coordinator_tick_duration_seconds",
                                        "simclr_coordinator_tick_piece_seconds",
                                        "simclr_coordinator_schedule_duration_seconds"};

void AddTicks(Report& report, const std::string& when, const MetricsPage& before, const MetricsPage& after) {
  for (const char* metric : kTickMetrics) {
    const std::string name = absl::StrCat(when, ": ", absl::string_view(metric).substr(19));
    const auto growth = after.GrowthSince(before, metric);
    if (!growth.ok() || growth->count == 0) {
      report.AddMissing(name, growth.ok() ? "none happened" : growth.status().message());
      continue;
    }
    const std::string remark = absl::StrCat("of ", growth->count);
    report.Add(name + ", mean", growth->mean * 1000, "ms", remark);
    report.Add(name + ", p99 at most", growth->bound99 * 1000, "ms", remark);
  }
}

// How long a small call that reads the state waits, again and again for a while: what a tick or a sync that
// stops everybody looks like from outside.
absl::StatusOr<Samples> ProbeCalls(Person& person, absl::Duration window) {
  Samples samples;
  const absl::Duration end = RealClock().Monotonic() + window;
  while (RealClock().Monotonic() < end) {
    const absl::Duration start = RealClock().Monotonic();
    SIMCLR_RETURN_IF_ERROR(person.GetStatus());
    samples.Add(RealClock().Monotonic() - start);
    absl::SleepFor(absl::Milliseconds(5));
  }
  return samples;
}

// What is measured afterwards goes on with those that run then.
void AwaitPlacement(Report& report, const AgentFleet& fleet, int wanted) {
  const absl::Duration start = RealClock().Monotonic();
  const absl::Status placed = fleet.AwaitRanks(wanted, kPlacementLimit);
  const absl::Duration took = RealClock().Monotonic() - start;
  absl::SleepFor(kSettle);
  report.Add("running jobs", fleet.ranks(), "", std::string(placed.message()));
  report.Add("time to place them", absl::ToDoubleSeconds(took), "s");
}

absl::Status MeasureQuietTicks(Bench& bench, const RunningCoordinator& coordinator) {
  SIMCLR_ASSIGN_OR_RETURN(auto person, Person::Connect(coordinator.address(), bench.pki, 0));
  SIMCLR_ASSIGN_OR_RETURN(const MetricsPage before, MetricsPage::Read(coordinator.http_port()));
  SIMCLR_ASSIGN_OR_RETURN(const Samples calls, ProbeCalls(*person, bench.options.window));
  SIMCLR_ASSIGN_OR_RETURN(const MetricsPage after, MetricsPage::Read(coordinator.http_port()));
  AddTicks(bench.report, "nothing changes", before, after);
  bench.report.AddLatencies("nothing changes: GetStatus", calls);
  return absl::OkStatus();
}

absl::Status MeasureFreedSlots(Bench& bench, const RunningCoordinator& coordinator, AgentFleet& fleet) {
  SIMCLR_ASSIGN_OR_RETURN(const MetricsPage before, MetricsPage::Read(coordinator.http_port()));
  Samples waits;
  for (std::size_t number = 0; number < kFreedSlots; ++number) {
    SimulatedAgent& agent = fleet.agent(number);
    const std::int64_t started = agent.started();
    const absl::Duration start = RealClock().Monotonic();
    SIMCLR_RETURN_IF_ERROR(agent.EndOneRank());
    if (!agent.AwaitStarted(started, kNextJobLimit)) {
      bench.report.AddMissing("slot free to next job placed", "no job came within 20 s");
      return absl::OkStatus();
    }
    waits.Add(RealClock().Monotonic() - start);
  }
  SIMCLR_ASSIGN_OR_RETURN(const MetricsPage after, MetricsPage::Read(coordinator.http_port()));
  bench.report.AddLatencies("slot free to next job placed", waits);
  AddTicks(bench.report, "slots become free", before, after);
  return absl::OkStatus();
}

// Returns how many were accepted.
absl::StatusOr<int> MeasureSubmissions(Bench& bench, const RunningCoordinator& coordinator,
                                       const std::string& name, absl::Duration window, int jobs = 0) {
  SIMCLR_ASSIGN_OR_RETURN(const Submissions done,
                          SubmitFor(coordinator.address(), bench.pki, kSubmitters, window, jobs));
  std::string remark;
  for (const auto& [message, count] : done.refused) absl::StrAppend(&remark, "ended early: ", message);
  const std::string what = absl::StrCat(name, ", ", kSubmitters, " clients");
  bench.report.Add(what, done.PerSecond(), "/s", remark);
  bench.report.AddLatencies(what, done.latencies);
  return static_cast<int>(done.latencies.count());
}

absl::Status MeasureHeartbeats(Bench& bench, const RunningCoordinator& coordinator, AgentFleet& fleet,
                               const std::string& name) {
  const absl::Duration window = 2 * bench.options.window;
  fleet.TakeRoundTrips();
  SIMCLR_ASSIGN_OR_RETURN(const ProcessUsage before, UsageOf(coordinator.pid()));
  const absl::Duration start = RealClock().Monotonic();
  absl::SleepFor(window);
  SIMCLR_ASSIGN_OR_RETURN(const ProcessUsage after, UsageOf(coordinator.pid()));
  const absl::Duration took = RealClock().Monotonic() - start;
  SIMCLR_RETURN_IF_ERROR(fleet.sessions());
  const double share = absl::FDivDuration(after.processor - before.processor, took);
  bench.report.Add(name + ": processor of the coordinator", 100 * share, "%", "of one core");
  bench.report.Add(name + ": written by the coordinator",
                   static_cast<double>(after.written_bytes - before.written_bytes), "bytes");
  bench.report.AddLatencies(name + ": answer to a heartbeat", fleet.TakeRoundTrips());
  return absl::OkStatus();
}

}  // namespace

absl::Status RunCluster(Bench& bench, const CoordinatorSetup& setup) {
  // The first thousand jobs leave the queue at once.
  SIMCLR_ASSIGN_OR_RETURN(const Loaded loaded, StartLoaded(bench, setup, 0, bench.options.queued + kRunning));
  const RunningCoordinator& coordinator = *loaded.coordinator;
  SIMCLR_ASSIGN_OR_RETURN(
      const auto fleet,
      AgentFleet::Start(coordinator.address(), bench.pki, {.agents = kRunning / kSlots, .slots = kSlots}));
  AwaitPlacement(bench.report, *fleet, kRunning);
  bench.report.Add("queued jobs beside the running ones", loaded.queued - fleet->ranks(), "");
  SIMCLR_RETURN_IF_ERROR(MeasureQuietTicks(bench, coordinator));
  SIMCLR_RETURN_IF_ERROR(MeasureFreedSlots(bench, coordinator, *fleet));
  SIMCLR_RETURN_IF_ERROR(
      MeasureSubmissions(bench, coordinator, "submissions", bench.options.window).status());
  return fleet->sessions();
}

absl::Status RunHeartbeats(Bench& bench, const CoordinatorSetup& setup) {
  SIMCLR_ASSIGN_OR_RETURN(const auto coordinator, RunningCoordinator::Start(setup));
  SIMCLR_ASSIGN_OR_RETURN(const auto fleet, AgentFleet::Start(coordinator->address(), bench.pki,
                                                              {.agents = kRunning, .slots = 1}));
  absl::SleepFor(kSettle);
  SIMCLR_RETURN_IF_ERROR(MeasureHeartbeats(bench, *coordinator, *fleet, "idle"));
  SIMCLR_ASSIGN_OR_RETURN(
      const int submitted,
      MeasureSubmissions(bench, *coordinator, "while jobs start: submissions", kPlacementLimit, kRunning));
  AwaitPlacement(bench.report, *fleet, submitted);
  SIMCLR_RETURN_IF_ERROR(MeasureHeartbeats(bench, *coordinator, *fleet, "with running jobs"));
  SIMCLR_RETURN_IF_ERROR(
      MeasureSubmissions(bench, *coordinator, "with running jobs: submissions", bench.options.window)
          .status());
  return fleet->sessions();
}

}  // namespace simclr::bench
