#include "coordinator/core/writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/fault_point.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"

namespace simclr::coordinator {

absl::Status Decision::Add(v1::Event event) {
  return overlay_.Add(std::move(event), actor_);
}

absl::StatusOr<std::optional<RequestRecord>> Decision::FindRequest(const std::string& method,
                                                                   const std::string& request_id) const {
  for (const RequestRecord& request : requests_) {
    if (request.principal == actor_ && request.method == method && request.request_id == request_id)
      return request;
  }
  return journal_.FindRequest(actor_, method, request_id);
}

void Decision::Remember(RequestRecord request) {
  request.principal = actor_;
  request.at = now_.service;
  answered_ = std::move(request);
}

struct Writer::Batch {
  Moment now;
  Overlay overlay;
  std::vector<RequestRecord> requests;
};

Writer::Writer(WriterOptions options, const ServiceClock& clock, Journal& journal, SharedState& shared,
               CoordinatorObserver& observer,
               std::function<void(const std::vector<CheckedEvent>&)> on_applied)
    : options_(std::move(options)),
      clock_(clock),
      journal_(journal),
      shared_(shared),
      observer_(observer),
      on_applied_(std::move(on_applied)) {}

absl::Status Writer::Enqueue(Intent intent) {
  absl::MutexLock lock(&mutex_);
  if (closed_) return absl::UnavailableError("the coordinator stops; ask again");
  if (waiting_.size() >= options_.max_waiting) {
    return absl::ResourceExhaustedError(
        absl::StrCat(waiting_.size(), " changes wait to be written, the limit; try again in a second"));
  }
  waiting_.push_back(std::move(intent));
  return absl::OkStatus();
}

void Writer::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
  woken_ = true;
}

void Writer::Await(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  const auto something = [this]()
                             ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return woken_ || !waiting_.empty(); };
  mutex_.AwaitWithTimeout(absl::Condition(&something), timeout);
  woken_ = false;
}

void Writer::Wake() {
  absl::MutexLock lock(&mutex_);
  woken_ = true;
}

std::vector<Intent> Writer::TakeWaiting() {
  absl::MutexLock lock(&mutex_);
  std::vector<Intent> taken;
  while (!waiting_.empty() && taken.size() < options_.max_batch) {
    taken.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return taken;
}

// Time stamps are in the order of revisions, whatever the wall clock does.
Stamp Writer::StampOf(const Moment& now) const {
  return {std::max(now.wall, shared_.state.at()), std::max(now.service, shared_.state.service_time())};
}

absl::Status Writer::Decide(const Intent& intent, Batch& batch) {
  if (intent.gone && intent.gone()) return absl::CancelledError("nobody waits for the answer any more");
  Overlay part(batch.overlay, batch.overlay.stamp());
  Decision decision(shared_.state, part, batch.requests, journal_, batch.now, intent.actor);
  SIMCLR_RETURN_IF_ERROR(intent.decide(decision));
  batch.overlay.Merge(std::move(part));
  if (decision.answered()) batch.requests.push_back(*decision.answered());
  return absl::OkStatus();
}

std::vector<absl::Status> Writer::DecideAll(const std::vector<Intent>& intents, std::optional<Batch>& batch) {
  const Moment now = clock_.Now();
  absl::ReaderMutexLock lock(&shared_.mutex);
  batch.emplace(Batch{now, Overlay(shared_.state, StampOf(now)), {}});
  std::vector<absl::Status> answers;
  for (const Intent& intent : intents) {
    answers.push_back(Decide(intent, *batch));
    if (absl::IsInternal(answers.back())) observer_.OnInvariantRefused(answers.back());
  }
  return answers;
}

bool Writer::RunOnce() {
  const std::vector<Intent> intents = TakeWaiting();
  if (intents.empty()) return false;
  std::optional<Batch> batch;
  const std::vector<absl::Status> answers = DecideAll(intents, batch);
  const absl::Status written = Commit(*batch);
  for (std::size_t i = 0; i < intents.size(); ++i) {
    intents[i].done(answers[i].ok() ? written : answers[i]);
  }
  return true;
}

absl::Status Writer::Write(const std::string& actor, const std::function<void(Decision&)>& decide) {
  const Moment now = clock_.Now();
  std::optional<Batch> batch;
  {
    absl::ReaderMutexLock lock(&shared_.mutex);
    batch.emplace(Batch{now, Overlay(shared_.state, StampOf(now)), {}});
    Decision decision(shared_.state, batch->overlay, batch->requests, journal_, now, actor);
    decide(decision);
  }
  return Commit(*batch);
}

absl::Status Writer::Commit(const Batch& batch) {
  const std::vector<CheckedEvent>& events = batch.overlay.events();
  if (events.empty() && batch.requests.empty()) return absl::OkStatus();
  JournalBatch written;
  for (const CheckedEvent& checked : events) {
    written.events.push_back(checked.event);
    for (const auto& [id, record] : checked.change.jobs) {
      if (!IsOpen(*record)) written.ended.push_back(record);
    }
    for (const auto& [id, tombstone] : checked.change.tombstones) written.deleted.push_back(id);
  }
  written.requests = batch.requests;
  FaultPoint("journal/before-append");
  const absl::Status appended = journal_.Append(written);
  if (!appended.ok()) {
    observer_.OnCommitFailed(appended);
    // Nothing was decided: who asked may ask again.
    if (absl::IsResourceExhausted(appended) || absl::IsUnavailable(appended)) return appended;
    LogError("it is not known whether the last changes are durable: the next start will know",
             {{"error", std::string(appended.message())}});
    options_.die(appended);
    return appended;
  }
  FaultPoint("journal/after-append");
  observer_.OnCommit(clock_.Now().monotonic - batch.now.monotonic);
  {
    absl::MutexLock lock(&shared_.mutex);
    for (const CheckedEvent& checked : events) shared_.state.Merge(checked.change);
  }
  for (const CheckedEvent& checked : events) {
    const auto& jobs = checked.change.jobs;
    observer_.OnEvent(checked.event, jobs.empty() ? nullptr : jobs.begin()->second.get(), checked.before);
  }
  on_applied_(events);
  return absl::OkStatus();
}

}  // namespace simclr::coordinator
