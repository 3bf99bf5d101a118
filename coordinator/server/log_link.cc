#include "coordinator/server/log_link.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace simclr::coordinator {

LogLink::LogLink(const ServiceContext& service, LogLinks& links, Principal caller)
    : service_(service), links_(links), caller_(std::move(caller)) {}

void LogLink::Start() {
  StartRead(&incoming_);
}

void LogLink::OnReadDone(bool ok) {
  if (!ok) return Close(absl::OkStatus());
  ForgetUnknown(incoming_);
  absl::Status taken = Admit(service_, incoming_);
  std::int64_t connection = 0;
  {
    absl::MutexLock lock(&mutex_);
    connection = connection_;
  }
  if (taken.ok() && connection == 0) {
    taken = Begin(incoming_);
  } else if (taken.ok()) {
    service_.log_requests.Answer(connection, std::move(incoming_));
  }
  if (!taken.ok()) return Close(taken);
  incoming_.Clear();
  StartRead(&incoming_);
}

absl::Status LogLink::Begin(const v1::LogPiece& first) {
  const absl::Status own = CheckIsWorker(caller_, first.worker());
  NoteDenial(service_, own);
  SIMCLR_RETURN_IF_ERROR(own);
  // Only the process that holds the name has its trainers.
  if (service_.coordinator.OrdersFor(first.worker()).nonce != first.nonce()) {
    return absl::FailedPreconditionError(
        absl::StrCat("this process of worker ", first.worker(), " has no session here; open that first"));
  }
  const std::int64_t connection = service_.log_requests.Connect(
      first.worker(), [self = shared_from_this()](const v1::LogWanted& wanted) { self->Ask(wanted); });
  absl::MutexLock lock(&mutex_);
  worker_ = first.worker();
  connection_ = connection;
  return absl::OkStatus();
}

void LogLink::Ask(const v1::LogWanted& wanted) {
  {
    absl::MutexLock lock(&mutex_);
    waiting_.push_back(wanted);
  }
  Proceed();
}

void LogLink::Close(const absl::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    if (!end_) end_ = status;
  }
  Proceed();
}

void LogLink::Proceed() {
  std::optional<absl::Status> end;
  {
    absl::MutexLock lock(&mutex_);
    if (writing_ || finished_ || (!end_ && waiting_.empty())) return;
    end = end_;
    if (end) {
      finished_ = true;
    } else {
      writing_ = true;
      outgoing_ = std::move(waiting_.front());
      waiting_.pop_front();
    }
  }
  if (end)
    Finish(ToGrpc(*end));
  else
    StartWrite(&outgoing_);
}

void LogLink::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok && !end_) end_ = absl::CancelledError("the agent went away");
  }
  Proceed();
}

void LogLink::OnCancel() {
  Close(absl::CancelledError("the agent went away"));
}

void LogLink::OnDone() {
  std::string worker;
  std::int64_t connection = 0;
  {
    absl::MutexLock lock(&mutex_);
    worker = worker_;
    connection = connection_;
  }
  if (connection != 0) service_.log_requests.Disconnect(worker, connection);
  links_.Remove(this);
}

LogLink* LogLinks::Open(const ServiceContext& service, const absl::StatusOr<Principal>& caller) {
  return Add(std::make_shared<LogLink>(service, *this, caller.ok() ? *caller : Principal{"", Role::kViewer}),
             caller.status());
}

}  // namespace simclr::coordinator
