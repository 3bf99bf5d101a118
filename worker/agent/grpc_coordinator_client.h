#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/base/backoff.h"
#include "common/base/periodic_task.h"
#include "common/rpc/tls_reloader.h"
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
  // Where the private copy of the certificates lies, so that they may change (see TlsReloader); empty: they
  // are read once.
  std::string tls_directory;
  absl::Duration reload_interval = absl::Seconds(10);  // between two looks at the certificates
  // After which another session takes the place of one: a new connection shows the present certificates.
  absl::Duration session_age = absl::Minutes(30);
};

// A session that grows old is renewed: the next one is open and answered before it is closed, so that nobody
// misses the agent. Orders and answers that do not pass the door are counted in `refused` and go no further:
// an answer is INVALID_ARGUMENT then.
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
  // A session by its number: each one's is higher than that of the one before.
  struct Session {
    std::uint64_t number;
    std::shared_ptr<SessionStream> stream;  // shared with the thread that runs it
  };

  GrpcCoordinatorClient(const CoordinatorClientOptions& options, std::unique_ptr<TlsReloader> certificates,
                        std::shared_ptr<grpc::Channel> channel, RefusedMessages& refused);

  // One unary call with a deadline.
  template <typename Response, typename Call>
  absl::StatusOr<Response> Invoke(Call call);

  void KeepSession(const Callbacks& callbacks);
  // Keeps one session, renewed now and again, until it ends by itself; nullopt where the client stops.
  std::optional<absl::Status> RunSession(const Callbacks& callbacks, Backoff& backoff);
  // nullopt where the client stops.
  std::optional<Session> OpenSession(const Callbacks& callbacks);
  // Puts a new session in the place of `session`, or leaves it as it is where the new one is not answered.
  void Renew(const Callbacks& callbacks, Session& session);
  // Of a session that another one has replaced, or that nobody answers; how it ended.
  absl::Status EndSession(const Session& session);
  void OnDesired(const Callbacks& callbacks, std::uint64_t session, v1::Desired& desired);
  bool Answered(const Session& session);
  // Keeps the stream of logs open beside the session.
  void KeepLogs(const Callbacks& callbacks);
  void RunLogs(const Callbacks& callbacks);
  void SendNewest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // False if the client stopped meanwhile.
  bool WaitBeforeRetry(absl::Duration delay);
  // A coordinator that does not trust the agent's certificate hangs up without a word.
  std::string ExplainEnd(const absl::Status& end) const;

  const CoordinatorClientOptions options_;
  RefusedMessages& refused_;
  const std::unique_ptr<TlsReloader> certificates_;  // absent where they cannot change
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::WorkerService::Stub> stub_;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<v1::Observed> newest_ ABSL_GUARDED_BY(mutex_);
  std::int64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;      // of the Observed that was handed over last
  std::vector<Session> sessions_ ABSL_GUARDED_BY(mutex_);  // two while one takes the other's place
  std::uint64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t answered_ ABSL_GUARDED_BY(mutex_) = 0;  // the newest session that the coordinator answered
  bool taken_ ABSL_GUARDED_BY(mutex_) = false;          // the coordinator took the present session
  std::shared_ptr<LogStream> log_stream_ ABSL_GUARDED_BY(mutex_);  // shared with the thread that runs it
  std::jthread session_;
  std::jthread logs_;
  std::unique_ptr<PeriodicTask> reload_;
};

}  // namespace simclr::agent
