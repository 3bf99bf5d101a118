#include "worker/agent/outbox.h"

#include <pthread.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/edge/mend_message.h"

namespace simclr::agent {
namespace {

// Whether a later try may have another outcome. Anything else is the coordinator's considered answer.
bool ShouldRetry(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:  // the coordinator's disk is full
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:  // something between here and there broke
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

template <typename Request>
absl::StatusOr<Request> Parse(const SpoolItem& item) {
  Request request;
  if (!request.ParseFromString(item.bytes)) {
    return absl::DataLossError(absl::StrCat("it is no ", request.GetTypeName(), " any more"));
  }
  Mend(request);  // it may be that of an agent that allowed more
  return request;
}

absl::Status CheckReadable(const SpoolItem& item) {
  switch (item.kind) {
    case SpoolKind::kExit:
      return Parse<v1::ReportExitRequest>(item).status();
    case SpoolKind::kMetrics:
      return Parse<v1::PushMetricsRequest>(item).status();
    case SpoolKind::kCommit:
      return Parse<v1::CommitCheckpointRequest>(item).status();
  }
  return absl::DataLossError("unknown kind of spool item");
}

// What a damaged report still says of who ended and how: its fields up to the damage, without the text.
// Without it the job would wait for an exit that never comes. DATA_LOSS where not even the job can be read.
absl::StatusOr<v1::ReportExitRequest> BareExit(const SpoolItem& item) {
  v1::ReportExitRequest exit;
  static_cast<void>(exit.ParsePartialFromString(item.bytes));
  if (!IsUtf8(exit.job_id()) || exit.job_id().empty() || exit.attempt() == 0) {
    return absl::DataLossError("a damaged exit names no attempt");
  }
  exit.clear_results();
  exit.set_message(
      "the report of this exit was damaged on the agent's disk; it is kept in the spool's quarantine");
  if (exit.failure() == v1::FAILURE_CLASS_UNSPECIFIED) exit.set_failure(v1::FAILURE_CLASS_CRASH);
  Mend(exit);
  return exit;
}

}  // namespace

Outbox::Outbox(const OutboxOptions& options, Spool& spool, CoordinatorClient& coordinator)
    : spool_(spool), coordinator_(coordinator), backoff_(options.retry, RandomBits()), delivery_([this] {
        ::pthread_setname_np(::pthread_self(), "outbox");
        DeliverAll();
      }) {}

Outbox::~Outbox() {
  spool_.Close();
  delivery_.request_stop();
  Nudge();
}

void Outbox::Nudge() {
  absl::MutexLock lock(&mutex_);
  nudged_ = true;
}

void Outbox::DeliverAll() {
  while (const std::optional<SpoolItem> item = spool_.Head()) {
    const absl::Status delivered = Deliver(*item);
    if (ShouldRetry(delivered)) {
      WaitBeforeRetry(backoff_.Next());
      continue;
    }
    backoff_.Reset();
    if (!delivered.ok()) LogWarning("a report is not delivered", {{"cause", delivered.ToString()}});
    TakeOut(*item);
  }
}

absl::Status Outbox::Deliver(const SpoolItem& item) {
  switch (item.kind) {
    case SpoolKind::kExit: {
      absl::StatusOr<v1::ReportExitRequest> exit = Parse<v1::ReportExitRequest>(item);
      if (!exit.ok()) exit = BareExit(item);
      if (!exit.ok()) return exit.status();
      return coordinator_.ReportExit(*exit);
    }
    case SpoolKind::kMetrics: {
      SIMCLR_ASSIGN_OR_RETURN(const auto metrics, Parse<v1::PushMetricsRequest>(item));
      return coordinator_.PushMetrics(metrics);
    }
    case SpoolKind::kCommit: {
      SIMCLR_ASSIGN_OR_RETURN(const auto commit, Parse<v1::CommitCheckpointRequest>(item));
      return coordinator_.CommitCheckpoint(commit);
    }
  }
  return absl::DataLossError("unknown kind of spool item");
}

void Outbox::TakeOut(const SpoolItem& item) {
  const absl::Status readable = CheckReadable(item);
  // A torn piece of a curve is no loss that anybody would look into.
  if (readable.ok() || item.kind == SpoolKind::kMetrics) return spool_.Remove(item.sequence);
  spool_.Quarantine(item.sequence, readable.message());
}

void Outbox::WaitBeforeRetry(absl::Duration delay) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&nudged_), delay);
  nudged_ = false;
}

}  // namespace simclr::agent
