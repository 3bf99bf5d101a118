#pragma once

#include <functional>

#include "common/base/periodic_task.h"
#include "coordinator/server/log_link.h"
#include "coordinator/server/service_context.h"
#include "coordinator/server/worker_session.h"
#include "simclr/v1/worker_service.grpc.pb.h"

namespace simclr::coordinator {

// WorkerService for agents. Sessions and streams of logs are reactors, so that a thousand agents cost no
// thread each; one thread here sends what changed. The name in each request must be that of the caller's
// certificate. Thread-safe.
class WorkerService : public v1::WorkerService::WithCallbackMethod_Logs<
                          v1::WorkerService::WithRawCallbackMethod_Session<v1::WorkerService::Service>> {
 public:
  // Called with each accepted push of metrics.
  using MetricsSink = std::function<void(const v1::PushMetricsRequest&)>;

  WorkerService(const ServiceContext& service, MetricsSink on_metrics);

  // Ends all streams, so that the server can shut down.
  void CloseSessions();

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Session(
      grpc::CallbackServerContext* context) override;
  grpc::Status ReportExit(grpc::ServerContext* context, const v1::ReportExitRequest* request,
                          v1::ReportExitResponse* response) override;
  grpc::Status CommitCheckpoint(grpc::ServerContext* context, const v1::CommitCheckpointRequest* request,
                                v1::CommitCheckpointResponse* response) override;
  grpc::Status PushMetrics(grpc::ServerContext* context, const v1::PushMetricsRequest* request,
                           v1::PushMetricsResponse* response) override;
  grpc::Status LogArchived(grpc::ServerContext* context, const v1::LogArchivedRequest* request,
                           v1::LogArchivedResponse* response) override;
  grpc::ServerBidiReactor<v1::LogPiece, v1::LogWanted>* Logs(grpc::CallbackServerContext* context) override;

 private:
  void SendChanges();

  const ServiceContext& service_;
  const MetricsSink on_metrics_;
  WorkerSessions sessions_;
  LogLinks log_links_;
  std::int64_t seen_change_ = 0;  // of the sender's thread
  PeriodicTask sender_;
};

}  // namespace simclr::coordinator
