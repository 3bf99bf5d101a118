#include "worker/agent/log_stream.h"

#include <utility>

#include "common/rpc/status_convert.h"

namespace simclr::agent {

void LogStream::Start(v1::WorkerService::Stub& stub) {
  stub.async()->Logs(&context_, this);
  // Send starts writes from outside of the reactions; the hold keeps the call open for them.
  AddHold();
  StartRead(&incoming_);
  StartCall();
}

void LogStream::Send(v1::LogPiece piece) {
  absl::MutexLock lock(&mutex_);
  if (broken_) return;
  waiting_.push_back(std::move(piece));
  if (!writing_) WriteNext();
}

absl::Status LogStream::AwaitEnd() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](std::optional<absl::Status>* end) { return end->has_value(); }, &end_));
  return *end_;
}

void LogStream::WriteNext() {
  outgoing_ = std::move(waiting_.front());
  waiting_.pop_front();
  writing_ = true;
  StartWrite(&outgoing_);
}

void LogStream::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (ok && !broken_ && !waiting_.empty()) WriteNext();
}

void LogStream::OnReadDone(bool ok) {
  if (ok) {
    on_wanted_(incoming_);
    StartRead(&incoming_);
    return;
  }
  {
    absl::MutexLock lock(&mutex_);
    broken_ = true;
  }
  context_.TryCancel();  // half a stream is of no use
  RemoveHold();
}

void LogStream::OnDone(const grpc::Status& status) {
  absl::MutexLock lock(&mutex_);
  end_ = FromGrpc(status);
}

}  // namespace simclr::agent
