#pragma once

#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/server/open_streams.h"
#include "coordinator/server/service_context.h"
#include "simclr/v1/worker_service.grpc.pb.h"

namespace simclr::coordinator {

class LogLinks;

// One agent's stream of logs: requests go down, pieces come up. It touches memory alone. Thread-safe.
class LogLink : public grpc::ServerBidiReactor<v1::LogPiece, v1::LogWanted>,
                public std::enable_shared_from_this<LogLink> {
 public:
  LogLink(const ServiceContext& service, LogLinks& links, Principal caller);

  void Start();
  // Ends the stream after the write that is under way.
  void Close(const absl::Status& status);

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone() override;
  void OnCancel() override;

  // The first message says whose logs these are.
  absl::Status Begin(const v1::LogPiece& first);
  void Ask(const v1::LogWanted& wanted);
  // Starts what is due: a write, or the end. No lock is held while gRPC is called.
  void Proceed();

  const ServiceContext& service_;
  LogLinks& links_;
  const Principal caller_;
  v1::LogPiece incoming_;   // of the read under way
  v1::LogWanted outgoing_;  // of the write under way

  absl::Mutex mutex_;
  std::string worker_ ABSL_GUARDED_BY(mutex_);           // empty before the first message
  std::int64_t connection_ ABSL_GUARDED_BY(mutex_) = 0;  // in the log requests
  std::deque<v1::LogWanted> waiting_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

class LogLinks : public OpenStreams<LogLink> {
 public:
  LogLink* Open(const ServiceContext& service, const absl::StatusOr<Principal>& caller);
};

}  // namespace simclr::coordinator
