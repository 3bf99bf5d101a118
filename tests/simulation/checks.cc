#include "tests/simulation/checks.h"

#include <google/protobuf/util/field_comparator.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/job/proto_time.h"
#include "coordinator/state/job_record.h"

namespace simclr::simulation {

using coordinator::ClusterState;
using coordinator::JobPtr;
using coordinator::LiveAttempt;

void Checks::OnDurable(const coordinator::JournalBatch& batch, const coordinator::MemoryDisk& disk) {
  disk_ = &disk;
  for (const v1::Event& event : batch.events) Follow(event);
}

void Checks::Follow(const v1::Event& event) {
  ++tally_.journaled;
  const int field = static_cast<int>(event.change_case());
  ++tally_.events[v1::Event::descriptor()->FindFieldByNumber(field)->name()];
  if (event.has_attempt_placed()) CheckPlacement(event);
  if (event.has_checkpoint_committed()) CheckCommit(event.checkpoint_committed());
  if (event.has_worker_registered()) CheckName(event.worker_registered());
  if (event.has_job_submitted()) {
    const v1::Job& job = event.job_submitted().job();
    const auto [known, added] = submitted_.emplace(job.spec().name(), job.id());
    if (!added) Violate(absl::StrCat("one request made two jobs: ", known->second, " and ", job.id()));
    if (!all_ids_.insert(job.id()).second) Violate(absl::StrCat("the id ", job.id(), " is given again"));
  }
  if (event.has_job_ended() && event.job_ended().reason() == v1::REASON_DEPENDENCY_FAILED) {
    ++tally_.refusals["dependency failed"];
  }
  if (event.has_attempt_ended()) {
    std::erase_if(held_, [&](const auto& slot) { return slot.second == event.attempt_ended().job_id(); });
  }
  if (event.has_worker_gone()) CheckGone(event.worker_gone());
  if (event.has_job_deleted()) FollowDeletion(event);
  if (event.has_checkpoint_adopted()) CheckAdoption(event.checkpoint_adopted().checkpoint());
  CheckTimes(event);
  const absl::StatusOr<coordinator::Change> change = coordinator::Derive(durable_, event);
  if (!change.ok())
    return Violate(absl::StrCat("the journal holds what the state refuses: ", change.status().message()));
  for (const auto& [id, record] : change->jobs) {
    if (!coordinator::IsOpen(*record)) CheckRow(*record);
  }
  durable_.Merge(*change);
}

void Checks::CheckTimes(const v1::Event& event) {
  if (FromProto(event.at()) < durable_.at()) Violate("the times of events go back");
  if (FromProto(event.service_time()) < durable_.service_time()) Violate("service time goes back");
}

namespace {

// Results may be NaN, and maps have no order.
bool SameRecord(const v1::JobRecord& a, const v1::JobRecord& b) {
  google::protobuf::util::DefaultFieldComparator comparator;
  comparator.set_treat_nan_as_equal(true);
  google::protobuf::util::MessageDifferencer differencer;
  differencer.set_field_comparator(&comparator);
  return differencer.Compare(a, b);
}

}  // namespace

void Checks::CheckRow(const v1::JobRecord& record) {
  const std::string& id = record.job().id();
  const auto row = disk_->ended.find(id);
  if (row == disk_->ended.end()) return Violate(absl::StrCat("job ", id, " ended without a row"));
  if (!SameRecord(*row->second, record)) {
    Violate(absl::StrCat("the row of job ", id, " is not the record that it ended with"));
  }
}

void Checks::CheckGone(const v1::WorkerGone& gone) {
  const auto heard = heard_.find(gone.worker());
  if (gone.left() || heard == heard_.end()) return;
  const absl::Duration silent = clock_.Monotonic() - heard->second;
  if (silent >= coordinator::LivenessOptions().lost_after) return;
  Violate(absl::StrCat(gone.worker(), " is lost, but was heard ", absl::FormatDuration(silent), " before"));
}

void Checks::CheckPlacement(const v1::Event& event) {
  const v1::AttemptPlaced& placed = event.attempt_placed();
  for (const v1::RankRecord& rank : placed.ranks()) {
    const std::string where = absl::StrCat("slot ", rank.slot(), " of ", rank.worker());
    const auto [held, added] =
        held_.emplace(coordinator::SlotKey(rank.worker(), rank.slot()), placed.job_id());
    if (!added) Violate(absl::StrCat(where, " is held by ", held->second, " and given to ", placed.job_id()));
    const coordinator::WorkerPtr worker = durable_.FindWorker(rank.worker());
    if (worker == nullptr || worker->gone()) {
      Violate(absl::StrCat(where, " is given to ", placed.job_id(), ", but the worker is not there"));
      continue;
    }
    if (worker->worker().build() != placed.build()) {
      Violate(absl::StrCat(where, " is given to ", placed.job_id(), " in a gang of build ", placed.build(),
                           ", but has ", worker->worker().build()));
    }
    if (worker->worker().incarnation() != rank.incarnation()) {
      Violate(absl::StrCat(where, " is given away of an agent process that was replaced"));
    }
    const auto& slots = worker->worker().slots();
    const auto slot =
        std::find_if(slots.begin(), slots.end(), [&](const v1::Slot& s) { return s.index() == rank.slot(); });
    if (slot == slots.end() || !slot->usable())
      Violate(absl::StrCat(where, " is given away, but cannot be used"));
  }
}

void Checks::CheckCommit(const v1::CheckpointCommitted& committed) {
  const v1::Checkpoint& checkpoint = committed.checkpoint();
  const JobPtr job = durable_.FindJob(checkpoint.job_id());
  const v1::AttemptRecord* live = job == nullptr ? nullptr : LiveAttempt(*job);
  if (live == nullptr || live->nonce() != checkpoint.nonce()) {
    Violate(absl::StrCat("a checkpoint of placement ", checkpoint.nonce(), " enters job ",
                         checkpoint.job_id(), ", whose live placement is ",
                         live == nullptr ? "none" : live->nonce()));
  }
}

// A process that shows a number below the holder's was replaced for good.
void Checks::CheckName(const v1::WorkerRegistered& registered) {
  const coordinator::WorkerPtr holder = durable_.FindWorker(registered.worker().name());
  if (holder == nullptr || claim_ == 0 || holder->nonce() == registered.nonce()) return;
  if (claim_ < holder->worker().incarnation()) {
    Violate(absl::StrCat("incarnation ", claim_, " of ", registered.worker().name(),
                         " takes the name back from incarnation ", holder->worker().incarnation()));
  }
}

void Checks::OnWentBack(const coordinator::MemoryDisk& disk) {
  disk_ = &disk;
  durable_ = ClusterState();
  held_.clear();
  submitted_.clear();
  answers_.clear();
  for (const v1::Event& event : disk.events) {
    (void)durable_.Apply(event);
    if (event.has_job_submitted()) {
      const v1::Job& job = event.job_submitted().job();
      submitted_.emplace(job.spec().name(), job.id());
    }
  }
  for (const auto& [slot, job] : durable_.allocations()) held_[slot] = job;
  std::erase_if(acknowledged_, [&](const std::string& id) { return FindJob(id) == nullptr; });
  deleted_.clear();
  for (const auto& [revision, tombstone] : durable_.deletions()) deleted_.insert(tombstone->job().id());
  went_back_ = true;
  lost_.merge(removed_);
  removed_.clear();
}

void Checks::CompareState(const std::string& bytes) {
  if (bytes != durable_.Serialize()) {
    Violate(absl::StrCat("the coordinator's state is not the journal's at revision ", durable_.revision()));
  }
}

void Checks::CompareReplay(const coordinator::MemoryDisk& disk, std::uint64_t any) {
  ClusterState replayed;
  const std::int64_t snapshot_at = static_cast<std::int64_t>(any % (disk.events.size() + 1));
  for (const v1::Event& event : disk.events) {
    if (event.revision() == snapshot_at) replayed = ClusterState::Parse(replayed.Serialize()).value();
    const absl::Status applied = replayed.Apply(event);
    if (!applied.ok()) return Violate(absl::StrCat("a replay fails: ", applied.message()));
  }
  if (replayed.Serialize() != durable_.Serialize()) Violate("a replay of the journal gives another state");
  const auto parsed = ClusterState::Parse(replayed.Serialize());
  if (!parsed.ok()) return Violate(absl::StrCat("a snapshot cannot be read: ", parsed.status().message()));
  if (parsed->Serialize() != replayed.Serialize()) Violate("a snapshot gives another state");
}

JobPtr Checks::FindJob(const std::string& id) const {
  if (const auto open = durable_.jobs().find(id); open != durable_.jobs().end()) return open->second;
  if (disk_ == nullptr) return nullptr;
  const auto ended = disk_->ended.find(id);
  return ended == disk_->ended.end() ? nullptr : ended->second;
}

std::vector<std::string> Checks::EndedIds() const {
  std::vector<std::string> ids;
  for (const auto& [id, record] : disk_ == nullptr ? decltype(disk_->ended)() : disk_->ended)
    ids.push_back(id);
  return ids;
}

void Checks::OnMetricsAcknowledged(const v1::PushMetricsRequest& push) {
  if (FindJob(push.job_id()) == nullptr)
    Violate(absl::StrCat("metrics of job ", push.job_id(), " were taken, but there is no such job"));
}

void Checks::OnJobAcknowledged(const v1::SubmitJobRequest& request, const std::string& id) {
  acknowledged_.insert(id);
  if (FindJob(id) == nullptr) Violate(absl::StrCat("job ", id, " was acknowledged and is not durable"));
  if (request.request_id().empty()) return;
  const auto [known, added] = answers_.emplace(request.request_id(), id);
  if (!added && known->second != id) {
    Violate(
        absl::StrCat("request ", request.request_id(), " was answered by ", known->second, " and by ", id));
  }
}

void Checks::OnExitAcknowledged(const v1::ReportExitRequest& exit) {
  const JobPtr job = FindJob(exit.job_id());
  const v1::AttemptRecord* attempt =
      job == nullptr ? nullptr : coordinator::FindAttempt(*job, exit.attempt());
  if (attempt == nullptr || attempt->nonce() != exit.nonce() ||
      coordinator::FindExit(*attempt, exit.rank()) == nullptr) {
    Violate(absl::StrCat("the exit of rank ", exit.rank(), " of job ", exit.job_id(), " attempt ",
                         exit.attempt(), " was acknowledged and is not durable"));
  }
}

void Checks::OnCommitAcknowledged(const v1::CommitCheckpointRequest& commit) {
  const v1::Checkpoint& checkpoint = commit.checkpoint();
  const JobPtr job = FindJob(checkpoint.job_id());
  if (job == nullptr ||
      !coordinator::IsCommitted(*job, checkpoint.nonce(), checkpoint.attempt(), checkpoint.step())) {
    Violate(absl::StrCat("the checkpoint of step ", checkpoint.step(), " of job ", checkpoint.job_id(),
                         " was acknowledged and is not durable"));
  }
}

void Checks::CheckAcknowledgedJobs(const coordinator::MemoryDisk& disk) {
  disk_ = &disk;
  for (const std::string& id : acknowledged_) {
    if (FindJob(id) == nullptr) Violate(absl::StrCat("job ", id, " was acknowledged and is lost"));
  }
}

void Checks::OnOrders(const v1::Desired& desired) {
  std::set<int> slots;
  for (const v1::DesiredRank& rank : desired.ranks()) {
    const std::string what =
        absl::StrCat("rank ", rank.rank(), " of job ", rank.job_id(), " (", rank.nonce(), ")");
    if (!slots.insert(rank.slot()).second)
      Violate(absl::StrCat(what, " is to run where another one is to run"));
    const JobPtr job = durable_.FindJob(rank.job_id());
    const v1::AttemptRecord* live = job == nullptr ? nullptr : LiveAttempt(*job);
    if (live == nullptr || live->nonce() != rank.nonce())
      Violate(absl::StrCat(what, " is to run, but not placed"));
  }
}

// People are shown what the newest report says of steps, and the journal has its inventory.
void Checks::OnObserved(const v1::Observed& observed, const coordinator::Coordinator& coordinator) {
  v1::Observed& newest = newest_[observed.worker()];
  if (newest.nonce() != observed.nonce() || newest.sequence() <= observed.sequence()) {
    newest = observed;
    heard_[observed.worker()] = clock_.Monotonic();  // what comes late is no sign of life
  }
  const coordinator::WorkerPtr holder = durable_.FindWorker(observed.worker());
  if (holder == nullptr || holder->nonce() != newest.nonce()) return;
  for (int i = 0; i < newest.slots_size(); ++i) {
    const auto& slots = holder->worker().slots();
    if (i < slots.size() && slots[i].usable() == newest.slots(i).usable()) continue;
    Violate(absl::StrCat("an older inventory of ", observed.worker(), " took the place of its newest"));
  }
  for (const v1::ObservedRank& rank : newest.ranks()) {
    const JobPtr job = durable_.FindJob(rank.job_id());
    const v1::AttemptRecord* live = job == nullptr ? nullptr : LiveAttempt(*job);
    if (live == nullptr || live->nonce() != rank.nonce() || live->summary().attempt() != rank.attempt())
      continue;
    if (rank.rank() >= live->ranks_size() || live->ranks(rank.rank()).worker() != observed.worker()) continue;
    const auto shown = coordinator.GetJob(rank.job_id());
    if (shown.ok() && shown->status().step() >= rank.step()) continue;
    Violate(absl::StrCat("job ", rank.job_id(), " goes back from step ", rank.step(), ": an older report of ",
                         observed.worker(), " was taken for its newest"));
  }
}

}  // namespace simclr::simulation
