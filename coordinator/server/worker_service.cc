#include "coordinator/server/worker_service.h"

#include <utility>

#include "common/base/status_macros.h"

namespace simclr::coordinator {
namespace {

constexpr absl::Duration kPatience = absl::Milliseconds(500);  // between looks at whether to stop

}  // namespace

WorkerService::WorkerService(const ServiceContext& service, MetricsSink on_metrics)
    : service_(service),
      on_metrics_(std::move(on_metrics)),
      sender_("send-desired", absl::ZeroDuration(), [this] { SendChanges(); }) {}

void WorkerService::SendChanges() {
  const std::int64_t change = service_.coordinator.WaitForChange(seen_change_, kPatience);
  if (change == seen_change_) return;
  seen_change_ = change;
  sessions_.SendIfChanged(service_.coordinator.TakeChangedWorkers());
}

void WorkerService::CloseSessions() {
  const absl::Status stops = absl::UnavailableError("the coordinator stops; come back");
  log_links_.CloseAll(stops);
  sessions_.CloseAll(stops);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* WorkerService::Session(
    grpc::CallbackServerContext* context) {
  return sessions_.Open(service_, Authorize(service_, "simclr.v1.WorkerService/Session", *context));
}

grpc::ServerBidiReactor<v1::LogPiece, v1::LogWanted>* WorkerService::Logs(
    grpc::CallbackServerContext* context) {
  return log_links_.Open(service_, Authorize(service_, "simclr.v1.WorkerService/Logs", *context));
}

grpc::Status WorkerService::ReportExit(grpc::ServerContext* context, const v1::ReportExitRequest* request,
                                       v1::ReportExitResponse* response) {
  return ServeWorker(
      service_, *context, "simclr.v1.WorkerService/ReportExit", *request,
      [&](const v1::ReportExitRequest& exit) { return service_.coordinator.ReportExit(exit); });
}

grpc::Status WorkerService::CommitCheckpoint(grpc::ServerContext* context,
                                             const v1::CommitCheckpointRequest* request,
                                             v1::CommitCheckpointResponse* response) {
  return ServeWorker(service_, *context, "simclr.v1.WorkerService/CommitCheckpoint", *request,
                     [&](const v1::CommitCheckpointRequest& commit) {
                       return service_.coordinator.CommitCheckpoint(commit);
                     });
}

grpc::Status WorkerService::PushMetrics(grpc::ServerContext* context, const v1::PushMetricsRequest* request,
                                        v1::PushMetricsResponse* response) {
  return ServeWorker(service_, *context, "simclr.v1.WorkerService/PushMetrics", *request,
                     [&](const v1::PushMetricsRequest& push) -> absl::Status {
                       SIMCLR_RETURN_IF_ERROR(service_.coordinator.PushMetrics(push));
                       on_metrics_(push);
                       return absl::OkStatus();
                     });
}

grpc::Status WorkerService::LogArchived(grpc::ServerContext* context, const v1::LogArchivedRequest* request,
                                        v1::LogArchivedResponse* response) {
  return ServeWorker(
      service_, *context, "simclr.v1.WorkerService/LogArchived", *request,
      [&](const v1::LogArchivedRequest& archived) { return service_.coordinator.LogArchived(archived); });
}

}  // namespace simclr::coordinator
