#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/crypto/certificates.h"
#include "common/rpc/server.h"
#include "simclr/v1/worker_service.grpc.pb.h"
#include "tests/support/temporary_directory.h"

namespace simclr::agent {

// A coordinator over real gRPC and TLS that orders what the test says and keeps what agents bring. It can go
// away and come back on its port, with a higher term. Thread-safe.
class ScriptedCoordinator : public v1::WorkerService::Service {
 public:
  ScriptedCoordinator();
  ~ScriptedCoordinator() override { GoAway(); }

  void GoAway();
  void ComeBack();

  void Want(std::vector<v1::DesiredRank> ranks);
  // False where the wished-for does not happen within the limit.
  bool AwaitObserved(const std::function<bool(const v1::Observed&)>& condition,
                     absl::Duration limit = absl::Seconds(20));
  bool AwaitExits(std::size_t count);
  bool AwaitCommits(std::size_t count);

  v1::Observed observed() const;
  std::vector<v1::ReportExitRequest> exits() const;

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

 private:
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
  std::vector<v1::ReportExitRequest> exits_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::CommitCheckpointRequest> commits_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::agent
