// Row: what a slow disk holds up.
#include <thread>

#include "absl/time/clock.h"
#include "bench/control_plane/agent_fleet.h"
#include "bench/control_plane/metrics_page.h"
#include "bench/control_plane/rows.h"
#include "bench/control_plane/submitters.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"

namespace simclr::bench {
namespace {

constexpr int kAgents = 20;
constexpr int kSubmitters = 4;
constexpr char kDelayMilliseconds[] = "500";
constexpr absl::Duration kPlacementLimit = absl::Minutes(1);

struct Waits {
  Samples lists, watches;
};

// Questions one after the other, while others submit.
absl::StatusOr<Waits> AskWhileOthersSubmit(const Bench& bench, const std::string& address,
                                           const std::string& job) {
  const absl::Duration window = 2 * bench.options.window;
  SIMCLR_ASSIGN_OR_RETURN(auto person, Person::Connect(address, bench.pki, 0));
  const std::jthread load([&] { SubmitFor(address, bench.pki, kSubmitters, window).IgnoreError(); });
  Waits waits;
  const absl::Duration end = RealClock().Monotonic() + window;
  while (RealClock().Monotonic() < end) {
    const absl::Duration start = RealClock().Monotonic();
    SIMCLR_RETURN_IF_ERROR(person->ListJobs().status());
    const absl::Duration listed = RealClock().Monotonic();
    SIMCLR_RETURN_IF_ERROR(person->FirstOfWatch(job));
    waits.lists.Add(listed - start);
    waits.watches.Add(RealClock().Monotonic() - listed);
    absl::SleepFor(absl::Milliseconds(5));
  }
  return waits;
}

}  // namespace

absl::Status RunSlowSync(Bench& bench, const CoordinatorSetup& setup) {
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().MakeDirectories(setup.directory));
  const std::string delay = JoinPath(setup.directory, "sync-delay");
  CoordinatorSetup slow = setup;
  slow.environment = {"LD_PRELOAD=" + bench.options.slow_sync, "SLOW_SYNC_FILE=" + delay};
  SIMCLR_ASSIGN_OR_RETURN(const auto coordinator, RunningCoordinator::Start(slow));
  SIMCLR_ASSIGN_OR_RETURN(
      const auto fleet,
      AgentFleet::Start(coordinator->address(), bench.pki,
                        {.agents = kAgents, .slots = 1, .period = absl::Milliseconds(500)}));
  SIMCLR_ASSIGN_OR_RETURN(auto person, Person::Connect(coordinator->address(), bench.pki, 0));
  SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, person->Submit(SmallJob("watched"), "watched"));
  SIMCLR_RETURN_IF_ERROR(fleet->AwaitRanks(1, kPlacementLimit));
  fleet->TakeRoundTrips();
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().Write(delay, kDelayMilliseconds));
  const auto waits = AskWhileOthersSubmit(bench, coordinator->address(), job.id());
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().RemoveAll(delay));
  SIMCLR_RETURN_IF_ERROR(waits.status());
  bench.report.AddLatencies("ListJobs", waits->lists);
  bench.report.AddLatencies("first message of a watch", waits->watches);
  bench.report.AddLatencies("answer to a heartbeat", fleet->TakeRoundTrips());
  SIMCLR_ASSIGN_OR_RETURN(const MetricsPage page, MetricsPage::Read(coordinator->http_port()));
  bench.report.Add("workers that were lost", page.Total("simclr_coordinator_workers_lost_total"), "");
  return absl::OkStatus();
}

}  // namespace simclr::bench
