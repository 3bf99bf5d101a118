// Coordinator: what agents bring and are told.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/protocol.h"
#include "common/base/session_refusal.h"
#include "common/base/status_macros.h"
#include "common/job/proto_time.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

std::string WorkerActor(const std::string& worker) {
  return absl::StrCat("worker/", worker);
}

v1::Worker WorkerOf(const v1::Observed& observed, std::uint64_t incarnation) {
  v1::Worker worker;
  worker.set_name(observed.worker());
  worker.set_incarnation(incarnation);
  worker.set_address(observed.address());
  worker.set_threads_per_slot(observed.threads_per_slot());
  worker.set_version(observed.version());
  worker.set_build(observed.build());
  for (const v1::Slot& slot : observed.slots()) {
    v1::Slot& kept = *worker.add_slots();
    kept = slot;
    kept.clear_job_id();
    kept.clear_attempt();
    kept.clear_rank();
    kept.clear_excluded_until();
    kept.clear_exclusion_reason();
  }
  return worker;
}

v1::ExitRecord ExitOf(const v1::ReportExitRequest& request) {
  v1::ExitRecord exit;
  exit.set_rank(request.rank());
  exit.set_failure(request.failure());
  exit.set_exit_code(request.exit_code());
  exit.set_signal(request.signal());
  exit.set_message(request.message());
  *exit.mutable_results() = request.results();
  exit.set_step(request.step());
  exit.set_total_steps(request.total_steps());
  exit.set_epoch(request.epoch());
  *exit.mutable_at() = request.at();
  return exit;
}

bool Holds(const v1::AttemptRecord& attempt, const Placement& placement) {
  if (attempt.summary().attempt() != placement.attempt || attempt.nonce() != placement.nonce) return false;
  return std::any_of(attempt.ranks().begin(), attempt.ranks().end(), [&](const v1::RankRecord& held) {
    return held.worker() == placement.worker && held.rank() == placement.rank;
  });
}

// The live attempt of `job`, if it is that placement; null otherwise. Pure.
const v1::AttemptRecord* FindLive(const JobPtr& job, const Placement& placement) {
  const v1::AttemptRecord* live = job == nullptr ? nullptr : LiveAttempt(*job);
  return live != nullptr && Holds(*live, placement) ? live : nullptr;
}

absl::Status Stale(const std::string& operation, const Placement& placement) {
  return absl::FailedPreconditionError(absl::StrCat(
      "stale attempt: ", operation, " of job ", placement.job_id, " attempt ", placement.attempt, " (",
      placement.nonce, ") rank ", placement.rank, " by ", placement.worker, " is refused; drop it"));
}

absl::Status ProtocolRefusal(const v1::Observed& observed) {
  const bool agent_is_older = observed.protocol() < kProtocol;
  return SessionRefusalStatus(SessionRefusal::kProtocol,
                              absl::StrCat("worker ", observed.worker(), " speaks protocol ",
                                           observed.protocol(), ", this coordinator ", kProtocol,
                                           "; update the ", agent_is_older ? "worker" : "coordinator"));
}

absl::Status TakenRefusal(const v1::Observed& observed, const Observations& observations) {
  const auto holder = observations.FindWorker(observed.worker());
  const std::string where = !holder.has_value() ? "not heard of since this coordinator started"
                                                : absl::StrCat("at ", holder->observed->address(), ", pid ",
                                                               holder->observed->pid());
  return SessionRefusalStatus(SessionRefusal::kNameTaken,
                              absl::StrCat("another process holds the name ", observed.worker(), ": ", where,
                                           "; stop it, or give this one another --name"));
}

// Whether `observed` says nothing that has to be durable. A number that the database does not know has to be.
bool SaysNothingNew(const WorkerPtr& known, const v1::Observed& observed) {
  if (known == nullptr || known->nonce() != observed.nonce()) return false;
  if (observed.incarnation() > known->worker().incarnation()) return false;
  if (known->gone() && !observed.leaving()) return false;
  const v1::Worker worker = WorkerOf(observed, known->worker().incarnation());
  return known->worker().SerializeAsString() == worker.SerializeAsString();
}

bool SpeaksOurs(int protocol) {
  return protocol != 0 && (protocol == kProtocol || protocol == kProtocol - 1);
}

}  // namespace

absl::Status ReplacedRefusal(const std::string& worker) {
  return SessionRefusalStatus(
      SessionRefusal::kReplaced,
      absl::StrCat("worker ", worker, " was replaced by a newer process of that name; stop this one"));
}

absl::Status Coordinator::CheckAgent(const v1::Observed& observed) const {
  if (!SpeaksOurs(observed.protocol())) return ProtocolRefusal(observed);
  if (!observed.cluster_id().empty() && observed.cluster_id() != cluster_id()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "worker ", observed.worker(), " belongs to cluster ", observed.cluster_id(), "; this is cluster ",
        cluster_id(), "; correct its --coordinator or give it an empty --dir"));
  }
  if (observed.seen_term() > term()) {
    return absl::FailedPreconditionError(
        absl::StrCat("worker ", observed.worker(), " has seen a coordinator of term ", observed.seen_term(),
                     "; this one is of term ", term(), " and must not give orders any more"));
  }
  return absl::OkStatus();
}

NameHolder Coordinator::HolderOf(const v1::WorkerRecord* known, const std::string& name) const {
  NameHolder holder;
  if (known == nullptr) return holder;
  holder.incarnation = known->worker().incarnation();
  holder.nonce = known->nonce();
  holder.gone = known->gone();
  const auto news = observations_.FindWorker(name);
  const bool heard = news.has_value() && news->observed->nonce() == holder.nonce;
  holder.in_session = heard && news->in_session;
  holder.session_ended = heard && !news->in_session;
  holder.silent = clock_.Monotonic() - observations_.HeardAt(name);
  return holder;
}

bool Coordinator::IsRegistered(const v1::Observed& observed) const {
  if (observations_.IsOlder(observed)) return true;  // what it said after that counts
  WorkerPtr known;
  {
    absl::ReaderMutexLock lock(&shared_.mutex);
    known = shared_.state.FindWorker(observed.worker());
  }
  return SaysNothingNew(known, observed);
}

absl::Status Coordinator::DecideRegistration(Decision& decision, const v1::Observed& observed) {
  const WorkerPtr known = decision.state().FindWorker(observed.worker());
  const NameDecision judged =
      JudgeName(HolderOf(known.get(), observed.worker()), {observed.incarnation(), observed.nonce()});
  if (judged.verdict == NameVerdict::kReplaced) return ReplacedRefusal(observed.worker());
  if (judged.verdict == NameVerdict::kTaken) return TakenRefusal(observed, observations_);
  // Another report of it came first.
  if (SaysNothingNew(known, observed) || observations_.IsOlder(observed)) return absl::OkStatus();
  v1::Event event;
  *event.mutable_worker_registered()->mutable_worker() = WorkerOf(observed, judged.incarnation);
  event.mutable_worker_registered()->set_nonce(observed.nonce());
  return decision.Add(std::move(event));
}

void Coordinator::Observe(const v1::Observed& observed,
                          std::function<void(absl::StatusOr<std::optional<Orders>>)> done) {
  const auto refuse = [&](const absl::Status& status) {
    observer_.OnHeartbeat(status);
    done(status);
  };
  if (const absl::Status fits = CheckAgent(observed); !fits.ok()) return refuse(fits);
  if (IsRegistered(observed)) return done(Take(observed));
  const auto registered = [this, observed, done](const absl::Status& status) {
    options_.finish([this, observed, done, status] {
      if (status.ok()) return done(Take(observed));
      observer_.OnHeartbeat(status);
      done(status);
    });
  };
  const absl::Status waits = writer_.Enqueue(
      {WorkerActor(observed.worker()),
       [this, observed](Decision& decision) { return DecideRegistration(decision, observed); }, registered,
       nullptr});
  if (!waits.ok()) return refuse(waits);
  if (!threaded_) writer_.RunOnce();
}

absl::StatusOr<std::optional<Orders>> Coordinator::Take(const v1::Observed& observed) {
  observer_.OnHeartbeat(absl::OkStatus());
  if (observations_.Record(observed, service_clock_.Now()) == Observations::Taken::kNews) NoteNews(observed);
  if (observed.quiet()) return std::nullopt;
  Orders orders = OrdersFor(observed.worker());
  // Another process may have been given the name since this one was found to hold it.
  if (orders.nonce != observed.nonce()) return ReplacedRefusal(observed.worker());
  return orders;
}

void Coordinator::NoteNews(const v1::Observed& observed) {
  ticker_.agenda().AddWorker(observed.worker());
  std::vector<JobPtr> jobs;
  {
    absl::ReaderMutexLock lock(&shared_.mutex);
    for (const std::string& job : shared_.state.JobsOn(observed.worker())) {
      jobs.push_back(shared_.state.FindJob(job));
    }
  }
  std::set<std::string> workers = {observed.worker()};
  for (const JobPtr& job : jobs) {
    ticker_.agenda().AddJob(job->job().id());
    AddGang(*job, workers);
  }
  NoteChange(workers);
}

bool Coordinator::NoteRefused(const std::string& worker, const std::string& text) {
  return observations_.NoteRefused(worker, text, clock_.Monotonic());
}

void Coordinator::EndSession(const std::string& worker, std::uint64_t nonce) {
  observations_.EndSession(worker, nonce);
}

Orders Coordinator::OrdersFor(const std::string& worker) const {
  Orders orders;
  WorkerPtr record;
  std::vector<JobPtr> jobs;
  {
    absl::MutexLock lock(&mutex_);
    orders.change = changes_;
  }
  {
    absl::ReaderMutexLock lock(&shared_.mutex);
    record = shared_.state.FindWorker(worker);
    for (const std::string& job : shared_.state.JobsOn(worker)) jobs.push_back(shared_.state.FindJob(job));
  }
  if (record != nullptr) {
    orders.desired = DesiredFor(*record, jobs, observations_);
    orders.desired.set_incarnation(record->worker().incarnation());
    orders.nonce = record->nonce();
  }
  orders.desired.set_term(term());
  orders.desired.set_holder(holder_);
  orders.desired.set_protocol(kProtocol);
  orders.desired.set_cluster_id(cluster_id());
  return orders;
}

absl::Status Coordinator::CheckLive(const std::string& operation, const Placement& placement) const {
  JobPtr job;
  {
    absl::ReaderMutexLock lock(&shared_.mutex);
    job = shared_.state.FindJob(placement.job_id);
  }
  if (FindLive(job, placement) != nullptr) return absl::OkStatus();
  observer_.OnStaleRefused(operation);
  return Stale(operation, placement);
}

absl::Status Coordinator::ReportExit(const v1::ReportExitRequest& request) {
  const Placement placement{request.worker(), request.job_id(), request.attempt(), request.nonce(),
                            request.rank()};
  return Perform(WorkerActor(request.worker()), [&](Decision& decision) -> absl::Status {
    const JobPtr job = decision.state().FindJob(placement.job_id);
    const v1::AttemptRecord* attempt = job == nullptr ? nullptr : FindAttempt(*job, placement.attempt);
    const bool known = attempt != nullptr && attempt->nonce() == placement.nonce &&
                       FindExit(*attempt, placement.rank) != nullptr;
    if (known) return absl::OkStatus();
    if (FindLive(job, placement) == nullptr) {
      observer_.OnStaleRefused("exit");
      return Stale("exit", placement);
    }
    v1::Event event;
    event.mutable_rank_exited()->set_job_id(placement.job_id);
    event.mutable_rank_exited()->set_attempt(placement.attempt);
    *event.mutable_rank_exited()->mutable_exit() = ExitOf(request);
    return decision.Add(std::move(event));
  });
}

absl::Status Coordinator::CommitCheckpoint(const v1::CommitCheckpointRequest& request) {
  const v1::Checkpoint& checkpoint = request.checkpoint();
  const Placement placement{request.worker(), checkpoint.job_id(), checkpoint.attempt(), checkpoint.nonce(),
                            request.rank()};
  return Perform(WorkerActor(request.worker()), [&](Decision& decision) -> absl::Status {
    const JobPtr job = decision.state().FindJob(placement.job_id);
    if (FindLive(job, placement) == nullptr) {
      observer_.OnStaleRefused("checkpoint");
      return Stale("checkpoint", placement);
    }
    if (IsCommitted(*job, placement.nonce, placement.attempt, checkpoint.step())) return absl::OkStatus();
    v1::Event event;
    v1::CheckpointCommitted& committed = *event.mutable_checkpoint_committed();
    *committed.mutable_checkpoint() = checkpoint;
    committed.mutable_checkpoint()->set_retired(false);
    *committed.mutable_checkpoint()->mutable_committed_at() = ToProto(decision.now().wall);
    for (const v1::CheckpointKey& key : RetiredByCommit(*job)) *committed.add_retired() = key;
    return decision.Add(std::move(event));
  });
}

absl::Status Coordinator::PushMetrics(const v1::PushMetricsRequest& request) {
  SIMCLR_RETURN_IF_ERROR(CheckLive(
      "metrics", {request.worker(), request.job_id(), request.attempt(), request.nonce(), request.rank()}));
  if (request.rank() != 0) return absl::OkStatus();  // rank 0 speaks for the gang
  return metrics_.Append(request.job_id(), request.attempt(), request.nonce(),
                         {request.samples().begin(), request.samples().end()});
}

absl::Status Coordinator::LogArchived(const v1::LogArchivedRequest& request) {
  const Placement placement{request.worker(), request.job_id(), request.attempt(), request.nonce(),
                            request.rank()};
  const absl::StatusOr<JobPtr> job = Resolve(placement.job_id);
  if (absl::IsUnavailable(job.status())) return job.status();
  const v1::AttemptRecord* attempt = job.ok() ? FindAttempt(**job, placement.attempt) : nullptr;
  if (attempt == nullptr || !Holds(*attempt, placement)) {
    observer_.OnStaleRefused("log");
    return Stale("log", placement);
  }
  archived_logs_.Note(request);
  NoteChange({});  // whoever waits for the file looks again
  return absl::OkStatus();
}

}  // namespace simclr::coordinator
