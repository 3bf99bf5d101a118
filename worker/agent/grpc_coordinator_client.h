#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/base/backoff.h"
#include "common/rpc/credentials.h"
#include "simclr/v1/worker_service.grpc.pb.h"
#include "worker/agent/base/coordinator_client.h"
#include "worker/agent/base/refused_messages.h"

namespace simclr::agent {

class LogStream;
class SessionStream;

struct CoordinatorClientOptions {
  std::string coordinator;  // HOST:PORT
  TlsFiles tls;
  BackoffOptions reconnect;  // between sessions
  // Before it is asked again whether it understands this program by now.
  absl::Duration update_wait = absl::Seconds(30);
  absl::Duration call_timeout = absl::Seconds(10);
};

// Orders and answers that do not pass the door are counted in `refused` and go no further: an answer is
// INVALID_ARGUMENT then.
class GrpcCoordinatorClient : public CoordinatorClient {
 public:
  // `refused` outlives the client.
  static absl::StatusOr<std::unique_ptr<GrpcCoordinatorClient>> Create(
      const CoordinatorClientOptions& options, RefusedMessages& refused);
  ~GrpcCoordinatorClient() override;

  void StartSession(Callbacks callbacks) override;
  void StopSession() override;
  void SendObserved(const v1::Observed& observed) override;
  void SendLogPiece(v1::LogPiece piece) override;

  absl::Status ReportExit(const v1::ReportExitRequest& request) override;
  absl::Status CommitCheckpoint(const v1::CommitCheckpointRequest& request) override;
  absl::Status PushMetrics(const v1::PushMetricsRequest& request) override;
  absl::Status LogArchived(const v1::LogArchivedRequest& request) override;

 private:
  GrpcCoordinatorClient(const CoordinatorClientOptions& options, std::shared_ptr<grpc::Channel> channel,
                        RefusedMessages& refused);

  // One unary call with a deadline.
  template <typename Response, typename Call>
  absl::StatusOr<Response> Invoke(Call call);

  void KeepSession(const Callbacks& callbacks);
  // Opens a session and waits for its end; nullopt where the client stops.
  std::optional<absl::Status> RunSession(const Callbacks& callbacks, Backoff& backoff);
  // Keeps the stream of logs open beside the session.
  void KeepLogs(const Callbacks& callbacks);
  void RunLogs(const Callbacks& callbacks);
  void SetTaken(bool taken);
  void SendNewest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // False if the client stopped meanwhile.
  bool WaitBeforeRetry(absl::Duration delay);

  const CoordinatorClientOptions options_;
  RefusedMessages& refused_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::WorkerService::Stub> stub_;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool taken_ ABSL_GUARDED_BY(mutex_) = false;  // the coordinator took the present session
  std::optional<v1::Observed> newest_ ABSL_GUARDED_BY(mutex_);
  std::int64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;  // of the Observed that was handed over last
  std::shared_ptr<SessionStream> stream_ ABSL_GUARDED_BY(mutex_);  // shared with the thread that runs it
  std::shared_ptr<LogStream> log_stream_ ABSL_GUARDED_BY(mutex_);  // likewise
  std::jthread session_;
  std::jthread logs_;
};

}  // namespace simclr::agent
