#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/server/open_streams.h"
#include "coordinator/server/service_context.h"
#include "simclr/v1/worker_service.grpc.pb.h"

namespace simclr::coordinator {

class WorkerSessions;

// One agent's stream: each Observed is answered by a Desired, and a Desired goes out by itself when it
// changes. Only the newest counts, so at most one waits for the one being written. Messages are taken apart
// here: gRPC would show one that it cannot read as the end of the stream. Thread-safe.
class WorkerSession : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                      public std::enable_shared_from_this<WorkerSession> {
 public:
  WorkerSession(const ServiceContext& service, WorkerSessions& sessions, Principal caller);

  void Start();
  // Sends the present Desired of its worker, if that is one of `workers` and it differs from the one sent
  // last. Where another process was given the name meanwhile, ends the stream with that word instead.
  void SendIfChanged(const std::set<std::string>& workers);
  // Whether that agent process speaks on it.
  bool IsOf(const std::string& worker, std::uint64_t nonce);
  // Ends the stream after the write that is under way.
  void Close(const absl::Status& status);

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone() override;
  void OnCancel() override;

  void Take(v1::Observed& observed);
  // An Observed that is refused at the door is a sign of life: the session goes on.
  void LeaveOut(const std::string& worker, const absl::Status& refused);
  void LeaveOutUnreadable();
  void End(const absl::Status& refused, const std::string& worker);
  void Send(const Orders& orders, bool even_if_unchanged);
  // Starts what is due: a write, or the end. No lock is held while gRPC is called.
  void Proceed();

  const ServiceContext& service_;
  WorkerSessions& sessions_;
  const Principal caller_;
  grpc::ByteBuffer incoming_;  // of the read under way
  grpc::ByteBuffer outgoing_;  // of the write under way

  absl::Mutex mutex_;
  std::string worker_ ABSL_GUARDED_BY(mutex_);       // empty before the first Observed
  std::uint64_t nonce_ ABSL_GUARDED_BY(mutex_) = 0;  // of the agent's process
  // The `change` of orders that wait for the write under way.
  std::optional<std::int64_t> next_ ABSL_GUARDED_BY(mutex_);
  std::string last_content_ ABSL_GUARDED_BY(mutex_);  // of the newest orders: a Desired without sequence
  std::int64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

class WorkerSessions : public OpenStreams<WorkerSession> {
 public:
  WorkerSession* Open(const ServiceContext& service, const absl::StatusOr<Principal>& caller);
  void SendIfChanged(const std::set<std::string>& workers);
  // Whether that agent process has an open session beside `session`.
  bool HasAnother(const WorkerSession& session, const std::string& worker, std::uint64_t nonce);
};

}  // namespace simclr::coordinator
