#include "bench/control_plane/rows.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/control_plane/machine.h"
#include "bench/control_plane/state_db.h"
#include "bench/control_plane/submitters.h"
#include "common/base/file_system.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"

namespace simclr::bench {
namespace {

constexpr int kFewerQueued = 9'000;
constexpr int kFsyncs = 500;

absl::StatusOr<std::unique_ptr<RunningCoordinator>> StartOver(const CoordinatorSetup& setup, int ended,
                                                              int queued) {
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().RemoveAll(setup.directory));
  if (ended + queued > 0) {
    HistoryOptions history;
    history.ended = ended;
    history.queued = queued;
    history.now = absl::Now();
    SIMCLR_RETURN_IF_ERROR(WriteStateDb(DataDirectoryOf(setup), History(history), {}));
  }
  return RunningCoordinator::Start(setup);
}

}  // namespace

const std::vector<Row>& Rows() {
  static const auto& rows = *new std::vector<Row>{
      {"fsync", "fsync of a 4 KiB append on this disk", RunFsync},
      {"submit-empty", "submissions over TLS, durable, on an empty database", RunSubmitEmpty},
      {"submit-history", "submissions beside ended and queued jobs", RunSubmitHistory},
      {"cluster", "1,000 running jobs on 125 workers of 8 slots, a full queue", RunCluster},
      {"heartbeats", "1,000 agents, heartbeat 2 s", RunHeartbeats},
      {"lists", "lists and single jobs beside ended jobs", RunLists},
      {"restart", "restart beside ended jobs and 9,000 queued", RunRestart},
      {"memory", "memory for ended jobs", RunMemory},
      {"slow-sync", "each sync of the coordinator takes 500 ms", RunSlowSync},
  };
  return rows;
}

absl::StatusOr<Loaded> StartLoaded(Bench& bench, const CoordinatorSetup& setup, int ended, int queued) {
  Loaded loaded;
  loaded.queued = queued;
  SIMCLR_ASSIGN_OR_RETURN(loaded.coordinator, StartOver(setup, ended, queued));
  SIMCLR_ASSIGN_OR_RETURN(auto person, Person::Connect(loaded.coordinator->address(), bench.pki, 0));
  const auto taken = person->Submit(SmallJob("first"), HexId(RandomBits()));
  if (taken.ok()) {
    ::sync();  // no measurement pays for what was written before it
    return loaded;
  }
  if (!absl::IsResourceExhausted(taken.status()) || queued <= kFewerQueued) return taken.status();
  loaded.queued = kFewerQueued;
  loaded.coordinator.reset();
  SIMCLR_ASSIGN_OR_RETURN(loaded.coordinator, StartOver(setup, ended, kFewerQueued));
  return loaded;
}

absl::Status RunFsync(Bench& bench, const CoordinatorSetup&) {
  SIMCLR_ASSIGN_OR_RETURN(const Samples samples, ProbeFsync(bench.options.scratch, kFsyncs));
  bench.report.AddLatencies("fsync", samples);
  return absl::OkStatus();
}

}  // namespace simclr::bench
