#include "worker/agent/outbox.h"

#include <pthread.h>

#include <string>
#include <utility>

#include "common/base/ids.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"

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
  if (!request.ParseFromString(item.bytes)) return absl::DataLossError("torn spool item");
  return request;
}

}  // namespace

Outbox::Outbox(const OutboxOptions& options, Spool& spool, CoordinatorClient& coordinator,
               OnCommitted on_committed)
    : spool_(spool),
      coordinator_(coordinator),
      on_committed_(std::move(on_committed)),
      backoff_(options.retry, RandomBits()),
      delivery_([this] {
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
    if (!delivered.ok()) LogWarning("the coordinator refused a report", {{"cause", delivered.ToString()}});
    spool_.Remove(item->sequence);
  }
}

absl::Status Outbox::Deliver(const SpoolItem& item) {
  switch (item.kind) {
    case SpoolKind::kExit: {
      SIMCLR_ASSIGN_OR_RETURN(const auto exit, Parse<v1::ReportExitRequest>(item));
      return coordinator_.ReportExit(exit);
    }
    case SpoolKind::kMetrics: {
      SIMCLR_ASSIGN_OR_RETURN(const auto metrics, Parse<v1::PushMetricsRequest>(item));
      return coordinator_.PushMetrics(metrics);
    }
    case SpoolKind::kCommit: {
      SIMCLR_ASSIGN_OR_RETURN(const auto commit, Parse<v1::CommitCheckpointRequest>(item));
      SIMCLR_ASSIGN_OR_RETURN(const auto response, coordinator_.CommitCheckpoint(commit));
      on_committed_(commit.checkpoint(), response);
      return absl::OkStatus();
    }
  }
  return absl::DataLossError("unknown kind of spool item");
}

void Outbox::WaitBeforeRetry(absl::Duration delay) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&nudged_), delay);
  nudged_ = false;
}

}  // namespace simclr::agent
