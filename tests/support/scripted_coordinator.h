#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/session_refusal.h"
#include "common/crypto/certificates.h"
#include "common/rpc/server.h"
#include "simclr/v1/worker_service.grpc.pb.h"
#include "tests/support/temporary_directory.h"

namespace simclr::agent {

// The message of its refusals.
inline constexpr char kRefused[] = "worker-1 runs on 10.0.0.2 as pid 7";

// A coordinator over real gRPC and TLS that orders what the test says and keeps what agents bring. It gives
// each agent process an incarnation, can go away and come back on its port, with a higher term, and can
// refuse sessions. Thread-safe.
class ScriptedCoordinator : public v1::WorkerService::Service {
 public:
  ScriptedCoordinator();
  ~ScriptedCoordinator() override { GoAway(); }

  void GoAway();
  void ComeBack();

  void Want(std::vector<v1::DesiredRank> ranks);
  // Ends the sessions that are open and refuses new ones; nullopt: takes them again.
  void Refuse(std::optional<SessionRefusal> why);
  // As after a restore of an older database: agents get higher incarnations than they know.
  void ForgetIncarnations();
  // False where the wished-for does not happen within the limit.
  bool AwaitObserved(const std::function<bool(const v1::Observed&)>& condition,
                     absl::Duration limit = absl::Seconds(20));
  bool AwaitExits(std::size_t count);
  bool AwaitCommits(std::size_t count);
  bool AwaitArchived(std::size_t count);
  bool AwaitRefused(std::size_t count);

  v1::Observed observed() const;
  std::vector<v1::ReportExitRequest> exits() const;
  std::vector<v1::CommitCheckpointRequest> commits() const;
  std::vector<v1::LogArchivedRequest> archived() const;
  // Sessions that were refused since Refuse.
  std::size_t refused() const;
  // Whether so many sessions were opened, since the start.
  bool AwaitSessions(int opened);
  // How often the last open session was closed.
  int gaps() const;
  // Observed that came after one of a higher sequence.
  int disordered() const;

  std::string address() const;
  TlsFiles AgentTls(const std::string& worker, bool other_ca = false);

  grpc::Status Session(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<v1::Desired, v1::Observed>* stream) override;
  grpc::Status ReportExit(grpc::ServerContext* context, const v1::ReportExitRequest* request,
                          v1::ReportExitResponse* response) override;
  grpc::Status CommitCheckpoint(grpc::ServerContext* context, const v1::CommitCheckpointRequest* request,
                                v1::CommitCheckpointResponse* response) override;
  grpc::Status PushMetrics(grpc::ServerContext* context, const v1::PushMetricsRequest* request,
                           v1::PushMetricsResponse* response) override;
  grpc::Status LogArchived(grpc::ServerContext* context, const v1::LogArchivedRequest* request,
                           v1::LogArchivedResponse* response) override;

 private:
  // What the next Observed of a session is answered with.
  v1::Desired Answer(const v1::Observed& observed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  TlsFiles Issue(const KeyPair& ca, const std::string& name, CertificateRequest request);

  TemporaryDirectory directory_;
  KeyPair ca_;
  TlsFiles tls_;
  int port_ = 0;
  std::unique_ptr<RpcServer> server_;

  mutable absl::Mutex mutex_;
  bool away_ ABSL_GUARDED_BY(mutex_) = true;
  std::vector<grpc::ServerContext*> sessions_ ABSL_GUARDED_BY(mutex_);
  v1::Desired desired_ ABSL_GUARDED_BY(mutex_);
  v1::Observed observed_ ABSL_GUARDED_BY(mutex_);
  int opened_ ABSL_GUARDED_BY(mutex_) = 0;
  int gaps_ ABSL_GUARDED_BY(mutex_) = 0;
  int disordered_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, std::uint64_t> incarnations_ ABSL_GUARDED_BY(mutex_);  // by nonce
  std::uint64_t last_incarnation_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<SessionRefusal> refusal_ ABSL_GUARDED_BY(mutex_);
  std::size_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<v1::ReportExitRequest> exits_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::CommitCheckpointRequest> commits_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::LogArchivedRequest> archived_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::agent
