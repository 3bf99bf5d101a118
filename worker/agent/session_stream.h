#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <functional>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "simclr/v1/worker_service.grpc.pb.h"

namespace simclr::agent {

// One Session call: keeps one write and one read in flight; of several states that wait to be written only
// the newest is kept. Thread-safe.
class SessionStream : public grpc::ClientBidiReactor<v1::Observed, v1::Desired> {
 public:
  explicit SessionStream(std::function<void(v1::Desired&)> on_desired) : on_desired_(std::move(on_desired)) {}

  void Start(v1::WorkerService::Stub& stub);
  void Send(const v1::Observed& observed);
  // No more writes; what was sent still arrives. The coordinator then ends the call.
  void Close();
  void Cancel() { context_.TryCancel(); }
  // Waits for the end of the call, after which the object may be destroyed; nullopt: it did not end in time.
  std::optional<absl::Status> AwaitEnd(absl::Duration limit);

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<void(v1::Desired&)> on_desired_;
  grpc::ClientContext context_;
  v1::Desired incoming_;  // belongs to the read in flight

  absl::Mutex mutex_;
  v1::Observed outgoing_ ABSL_GUARDED_BY(mutex_);  // belongs to the write in flight
  std::optional<v1::Observed> waiting_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::agent
