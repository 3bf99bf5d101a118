#include "worker/agent/session_stream.h"

#include <utility>

#include "common/rpc/status_convert.h"

namespace simclr::agent {

void SessionStream::Start(v1::WorkerService::Stub& stub) {
  stub.async()->Session(&context_, this);
  // Send starts writes from outside of the reactions; the hold keeps the call open for them.
  AddHold();
  StartRead(&incoming_);
  StartCall();
}

void SessionStream::Send(const v1::Observed& observed) {
  absl::MutexLock lock(&mutex_);
  if (broken_ || closing_) return;
  waiting_ = observed;
  if (!writing_) WriteNext();
}

void SessionStream::Close() {
  absl::MutexLock lock(&mutex_);
  if (broken_ || closing_) return;
  closing_ = true;
  if (!writing_) StartWritesDone();
}

std::optional<absl::Status> SessionStream::AwaitEnd(absl::Duration limit) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(
                              +[](std::optional<absl::Status>* end) { return end->has_value(); }, &end_),
                          limit);
  return end_;
}

void SessionStream::WriteNext() {
  outgoing_ = *std::exchange(waiting_, std::nullopt);
  writing_ = true;
  StartWrite(&outgoing_);
}

void SessionStream::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (!ok || broken_) return;
  if (waiting_.has_value()) {
    WriteNext();
  } else if (closing_) {
    StartWritesDone();
  }
}

void SessionStream::OnReadDone(bool ok) {
  if (ok) {
    on_desired_(incoming_);
    StartRead(&incoming_);
    return;
  }
  {
    absl::MutexLock lock(&mutex_);
    broken_ = true;
  }
  // A half-closed session is of no use: let the call end, so that the next one can be opened.
  context_.TryCancel();
  RemoveHold();
}

void SessionStream::OnDone(const grpc::Status& status) {
  absl::MutexLock lock(&mutex_);
  end_ = FromGrpc(status);
}

}  // namespace simclr::agent
