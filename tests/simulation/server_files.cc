// Server: jobs that are forgotten, files that go, and a database that went back in time.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/collect/adopt.h"
#include "coordinator/store/history.h"
#include "tests/simulation/door.h"
#include "tests/simulation/server.h"

namespace simclr::simulation {

std::optional<absl::StatusOr<v1::DeleteJobsResponse>> Server::Delete(const v1::DeleteJobsRequest& request,
                                                                     const std::string& user) {
  checks_.OnDeletionAsked(request.force());
  // One of them may delete whatever he likes.
  const coordinator::MayChange may = [&](const std::string& owner, const std::string& id) {
    if (owner == user || user == "ann") return absl::OkStatus();
    return absl::PermissionDeniedError(absl::StrCat("job ", id, " is of ", owner));
  };
  auto deleted = Run([&]() -> absl::StatusOr<v1::DeleteJobsResponse> {
    if (const absl::Status refused = PassUsersDoor(request); !refused.ok()) return refused;
    return coordinator_->Delete(request, user, may);
  });
  checks_.OnDeletionAsked(false);
  if (deleted.has_value()) (void)NoteRefusal(deleted->status());
  return deleted;
}

std::optional<absl::StatusOr<v1::PruneJobsResponse>> Server::Prune(const v1::PruneJobsRequest& request,
                                                                   const std::string& user) {
  checks_.OnDeletionAsked(request.force());
  auto pruned = Run([&]() -> absl::StatusOr<v1::PruneJobsResponse> {
    if (const absl::Status refused = PassUsersDoor(request); !refused.ok()) return refused;
    return coordinator_->Prune(request, user);
  });
  checks_.OnDeletionAsked(false);
  if (pruned.has_value()) (void)NoteRefusal(pruned->status());
  return pruned;
}

void Server::DeleteExpired() {
  (void)Run([&] { return coordinator_->DeleteExpired(keep_); });
}

void Server::Collect() {
  Run([&] {
    collector_->RunOnce(clock_.Now(), clock_.Monotonic());
    return true;
  });
}

void Server::CheckMetricsOfDeleted() {
  for (const std::string& id : checks_.deleted()) {
    const auto samples = metrics_.Read(id, -1);
    if (samples.ok() && !samples->empty())
      checks_.Violate(absl::StrCat("metrics of job ", id, ", which was deleted, are still there"));
  }
}

void Server::GoBack(const coordinator::MemoryDisk& disk) {
  const std::int64_t term = disk_.term;
  Kill();
  disk_ = disk;
  // As the tool that does it; who runs it has set the clock right.
  const absl::Duration running = clock_.Monotonic() - started_;
  disk_.term = std::max(term + 1000, absl::ToUnixSeconds(started_at_wall_ + running));
  went_back_ = true;
  checks_.OnWentBack(disk_);
}

bool Server::Restore() {
  if (!backup_.has_value()) return false;
  tally_.Count(restores_++ == 0 ? Fault::kRestore : Fault::kRestoreAgain);
  GoBack(*backup_);
  return true;
}

bool Server::Repair() {
  if (disk_.events.empty()) return false;
  tally_.Count(Fault::kRepair);
  coordinator::History history;
  for (const v1::Event& event : disk_.events)
    history.events.push_back({event.revision(), false, event.SerializeAsString()});
  coordinator::ReplayOptions options;
  options.repair = true;
  options.skip = {dice_.Pick(disk_.events).revision()};
  absl::StatusOr<coordinator::Replayed> repaired = coordinator::Replay(history, options);
  if (!repaired.ok()) {
    checks_.Violate(absl::StrCat("a repair fails: ", repaired.status().message()));
    return false;
  }
  for (const v1::Event& event : repaired->events) {
    if (event.has_event_dropped()) ++tally_.events["event_dropped"];
  }
  coordinator::MemoryDisk disk = disk_;
  disk.events = std::move(repaired->events);
  disk.ended = std::move(repaired->ended);
  disk.snapshot_revision = 0;
  disk.snapshot.clear();
  GoBack(disk);
  return true;
}

void Server::Adopt(const coordinator::AdoptOptions& options) {
  Kill();
  Open();
  const auto adopted =
      Run([&] { return coordinator::Adopt(*coordinator_, artifacts_, options, clock_.Now()); });
  if (adopted.has_value() && adopted->ok() && options.jobs.empty()) {
    went_back_ = false;
    checks_.OnAdopted(options.give_up);
  }
  Kill();
}

}  // namespace simclr::simulation
