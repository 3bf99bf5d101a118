#include "tests/simulation/server.h"

#include <algorithm>

#include "common/base/status_macros.h"
#include "tests/simulation/door.h"

namespace simclr::simulation {
namespace {

using coordinator::Coordinator;

// All limits at about a tenth, so that a history is short.
coordinator::PolicyOptions ShortPolicy() {
  coordinator::PolicyOptions policy;
  policy.liveness.orphan_limit = absl::Seconds(60);
  policy.judge.report_limit = absl::Seconds(10);
  policy.judge.stop_limit = absl::Seconds(25);
  policy.restart.initial_backoff = absl::Seconds(1);
  policy.restart.max_backoff = absl::Seconds(20);
  policy.restart.storage_retry = absl::Seconds(30);
  policy.scheduler.starvation_limit = absl::Seconds(40);
  policy.exclusion.first = absl::Minutes(1);
  policy.exclusion.longest = absl::Minutes(5);
  return policy;
}

// As those who run it wish.
coordinator::KeepEndedJobs SomeKeep(Dice& dice) {
  coordinator::KeepEndedJobs keep;
  if (dice.Chance(0.5)) keep.age = dice.Between(absl::Minutes(1), absl::Minutes(8));
  if (dice.Chance(0.5)) keep.number = dice.Between(4, 16);
  return keep;
}

}  // namespace

// The journal on a disk that fails, of a process that dies at the places of FaultPoint.
class Server::Journal : public coordinator::MemoryJournal {
 public:
  explicit Journal(Server& server) : MemoryJournal(server.disk_), server_(server) {}

  absl::Status Append(const coordinator::JournalBatch& batch) override {
    JournalFaults& faults = server_.faults;
    if (std::exchange(faults.kill_before, false)) Die(Fault::kKillBeforeAppend);
    if (faults.full) return absl::ResourceExhaustedError("the disk is full");
    if (faults.busy) return absl::UnavailableError("the database is locked");
    if (faults.slow > absl::ZeroDuration()) server_.clock_.Advance(faults.slow);
    if (std::exchange(faults.unknown_end, false)) {
      server_.tally_.Count(Fault::kCommitOfUnknownEnd);
      if (server_.dice_.Chance(0.5)) SIMCLR_RETURN_IF_ERROR(Write(batch));
      return absl::InternalError("input/output error");
    }
    SIMCLR_RETURN_IF_ERROR(Write(batch));
    if (std::exchange(faults.kill_after, false)) Die(Fault::kKillAfterAppend);
    return absl::OkStatus();
  }

  absl::Status WriteSnapshot(std::int64_t revision, const std::string& bytes) override {
    if (looked_at_ != nullptr) return *looked_at_ = bytes, absl::OkStatus();
    if (server_.faults.full) return absl::ResourceExhaustedError("the disk is full");
    return MemoryJournal::WriteSnapshot(revision, bytes);
  }

  // The next snapshots go there and not to the disk.
  void LookAt(std::string* bytes) { looked_at_ = bytes; }

 private:
  absl::Status Write(const coordinator::JournalBatch& batch) {
    server_.checks_.BeforeDurable(batch, server_.disk_);
    SIMCLR_RETURN_IF_ERROR(MemoryJournal::Append(batch));
    server_.checks_.OnDurable(batch, server_.disk_);
    return absl::OkStatus();
  }
  [[noreturn]] void Die(Fault fault) {
    server_.tally_.Count(fault);
    throw Killed();
  }

  Server& server_;
  std::string* looked_at_ = nullptr;
};

Server::Server(FakeClock& clock, Dice& dice, Tally& tally, Checks& checks, const Artifacts& artifacts)
    : clock_(clock),
      dice_(dice),
      tally_(tally),
      checks_(checks),
      artifacts_(artifacts),
      keep_(SomeKeep(dice)),
      started_(clock.Monotonic()),
      started_at_wall_(clock.Now()) {
  checks_.SetKeep(keep_);
  Start();
}

Server::~Server() = default;

void Server::Start() {
  Open();
  if (!up()) return;
  coordinator::CollectorOptions options;
  options.report_only = went_back_;
  collector_ = std::make_unique<coordinator::Collector>(*coordinator_, *ended_, metrics_, artifacts_,
                                                        collected_, options);
  CompareState();
}

void Server::Open() {
  ++epoch_;
  checks_.OnStarted();
  journal_ = std::make_unique<Journal>(*this);
  ended_ = std::make_unique<coordinator::MemoryEndedJobs>(disk_);
  coordinator::CoordinatorOptions options;
  options.policy = ShortPolicy();
  options.random = [this] { return dice_.Bits(); };
  options.die = [](const absl::Status&) { throw Killed(); };
  auto opened = Coordinator::Open(std::move(options), clock_, *journal_, *ended_, metrics_, checks_);
  if (!opened.ok())
    return checks_.Violate("the coordinator does not start: " + std::string(opened.status().message()));
  coordinator_ = *std::move(opened);
}

void Server::Kill() {
  sessions_.clear();
  pushed_ = 0;
  collector_.reset();
  coordinator_.reset();
  ended_.reset();
  journal_.reset();
}

absl::Status Server::NoteRefusal(const absl::Status& status) {
  if (absl::IsResourceExhausted(status)) ++tally_.refusals["disk full"];
  if (absl::IsUnavailable(status)) ++tally_.refusals["disk busy"];
  return status;
}

void Server::Observe(const SessionId& id, v1::Observed observed, const Answer& answer) {
  if (!up() || id.epoch != epoch_) return;
  Session& session = sessions_.try_emplace(id, Session{observed.worker(), answer, 0, ""}).first->second;
  session.answer = answer;
  if (const absl::Status refused = PassDoor(observed); !refused.ok()) {
    ++tally_.refusals["refused at the door"];
    coordinator_->NoteRefused(observed.worker(), std::string(refused.message()));
    return;
  }
  checks_.OnClaim(observed);
  if (session.last.empty()) observed.clear_quiet();
  std::optional<absl::StatusOr<v1::Desired>> orders;
  bool quiet = false;
  Run([&] {
    coordinator_->Observe(observed, [&](absl::StatusOr<std::optional<coordinator::Orders>> given) {
      if (!given.ok()) {
        orders = NoteRefusal(given.status());
      } else if (given->has_value()) {
        orders = std::move((*given)->desired);
      } else {
        quiet = true;
      }
    });
    return true;
  });
  if (!up() || (!orders.has_value() && !quiet)) return;
  if (quiet) return checks_.OnObserved(observed, *coordinator_);
  if (!orders->ok()) {
    EndSession(id);
    return answer(orders->status());
  }
  checks_.OnObserved(observed, *coordinator_);
  Send(session, **orders);
}

void Server::Send(Session& session, v1::Desired desired) {
  checks_.OnOrders(desired);
  session.last = desired.SerializeAsString();
  desired.set_sequence(++session.sequence);
  session.answer(std::move(desired));
}

void Server::EndSession(const SessionId& id) {
  const auto session = sessions_.find(id);
  if (!up() || session == sessions_.end()) return;
  coordinator_->EndSession(session->second.worker, id.nonce);
  sessions_.erase(session);
}

std::optional<absl::Status> Server::ReportExit(v1::ReportExitRequest exit) {
  if (PassDoor(exit).ok()) return Run([&] { return NoteRefusal(coordinator_->ReportExit(exit)); });
  ++tally_.refusals["refused at the door"];
  return absl::InvalidArgumentError("refused at the door");
}

std::optional<absl::Status> Server::Commit(v1::CommitCheckpointRequest commit) {
  if (PassDoor(commit).ok()) return Run([&] { return NoteRefusal(coordinator_->CommitCheckpoint(commit)); });
  ++tally_.refusals["refused at the door"];
  return absl::InvalidArgumentError("refused at the door");
}

std::optional<absl::Status> Server::PushMetrics(v1::PushMetricsRequest push) {
  if (PassDoor(push).ok()) return Run([&] { return coordinator_->PushMetrics(push); });
  ++tally_.refusals["refused at the door"];
  return absl::InvalidArgumentError("refused at the door");
}

std::optional<absl::Status> Server::LogArchived(v1::LogArchivedRequest archived) {
  if (PassDoor(archived).ok()) return Run([&] { return coordinator_->LogArchived(archived); });
  ++tally_.refusals["refused at the door"];
  return absl::InvalidArgumentError("refused at the door");
}

std::optional<absl::StatusOr<v1::Job>> Server::Submit(const v1::SubmitJobRequest& request,
                                                      const std::string& user) {
  if (const absl::Status refused = PassUsersDoor(request); !refused.ok()) {
    ++tally_.refusals["refused at the door"];
    return absl::StatusOr<v1::Job>(refused);
  }
  auto job = Run([&] { return coordinator_->Submit(request, user); });
  if (job.has_value()) (void)NoteRefusal(job->status());
  return job;
}

std::optional<absl::StatusOr<v1::Job>> Server::Cancel(const std::string& job, const std::string& user) {
  v1::CancelJobRequest request;
  request.set_job(job);
  const auto anybody = [](const std::string&, const std::string&) { return absl::OkStatus(); };
  return Run([&] { return coordinator_->Cancel(request, user, anybody); });
}

std::optional<absl::StatusOr<v1::Job>> Server::Get(const std::string& job) {
  return Run([&] { return coordinator_->GetJob(job); });
}

std::optional<absl::StatusOr<std::vector<v1::Job>>> Server::List(v1::ListJobsRequest request) {
  return Run([&]() -> absl::StatusOr<std::vector<v1::Job>> {
    std::vector<v1::Job> jobs;
    do {
      SIMCLR_ASSIGN_OR_RETURN(v1::ListJobsResponse page, coordinator_->ListJobs(request));
      jobs.insert(jobs.end(), page.jobs().begin(), page.jobs().end());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return jobs;
  });
}

std::optional<absl::StatusOr<std::vector<v1::JobChange>>> Server::ChangesAfter(std::int64_t revision) {
  return Run([&]() -> absl::StatusOr<std::vector<v1::JobChange>> {
    SIMCLR_ASSIGN_OR_RETURN(coordinator::JobChanges changed, coordinator_->ChangedJobs(revision));
    return std::move(changed.changes);
  });
}

void Server::Tick() {
  Run([&] {
    coordinator_->Tick();
    return true;
  });
}

void Server::Push() {
  if (!up()) return;
  const std::int64_t changes = coordinator_->WaitForChange(-1, absl::ZeroDuration());
  if (std::exchange(pushed_, changes) == changes) return;
  for (auto& [id, session] : sessions_) {
    if (session.sequence == 0) continue;  // it was not answered yet
    v1::Desired desired = coordinator_->OrdersFor(session.worker).desired;
    if (desired.SerializeAsString() != session.last) Send(session, std::move(desired));
  }
}

void Server::Snapshot() {
  Run([&] { return coordinator_->Snapshot(); });
}

void Server::CompareState() {
  if (!up()) return;
  std::string bytes;
  journal_->LookAt(&bytes);
  (void)coordinator_->Snapshot();
  journal_->LookAt(nullptr);
  if (!bytes.empty()) checks_.CompareState(bytes);
}

}  // namespace simclr::simulation
