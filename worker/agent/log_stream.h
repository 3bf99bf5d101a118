#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <deque>
#include <functional>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "simclr/v1/worker_service.grpc.pb.h"

namespace simclr::agent {

// One Logs call: questions come down, pieces go up, one write in flight. Thread-safe.
class LogStream : public grpc::ClientBidiReactor<v1::LogPiece, v1::LogWanted> {
 public:
  explicit LogStream(std::function<void(v1::LogWanted&)> on_wanted) : on_wanted_(std::move(on_wanted)) {}

  void Start(v1::WorkerService::Stub& stub);
  // There are never more to be written than questions came.
  void Send(v1::LogPiece piece);
  void Cancel() { context_.TryCancel(); }
  // Waits for the end of the call; the object may be destroyed afterwards.
  absl::Status AwaitEnd();

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<void(v1::LogWanted&)> on_wanted_;
  grpc::ClientContext context_;
  v1::LogWanted incoming_;  // belongs to the read in flight

  absl::Mutex mutex_;
  v1::LogPiece outgoing_ ABSL_GUARDED_BY(mutex_);  // belongs to the write in flight
  std::deque<v1::LogPiece> waiting_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::agent
