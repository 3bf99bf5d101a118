#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/command.h"
#include "simclr/v1/cluster_service.grpc.pb.h"
#include "simclr/v1/job_service.grpc.pb.h"

namespace simclr::cli {

// The coordinator as the commands see it: every call with the context's token and a deadline, every error
// with the address and what to try. Answers are not checked against the protocol's bounds, so that one of a
// newer coordinator can be read: the context names whom the user trusts, gRPC bounds their size, what is
// printed is escaped, and paths to write to are checked where they are used. Thread-safe.
class Client {
 public:
  // Uses the context that `context` names. A usage error where there is none.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const CommandContext& context);

  // Calls with one answer are repeated by themselves while nobody answers; those that change something need a
  // request id for that.
  absl::StatusOr<v1::SubmitJobsResponse> SubmitJobs(const v1::SubmitJobsRequest& request);
  absl::StatusOr<v1::Job> GetJob(const std::string& job);
  absl::StatusOr<v1::Job> CancelJob(const v1::CancelJobRequest& request);
  absl::StatusOr<v1::DeleteJobsResponse> DeleteJobs(const v1::DeleteJobsRequest& request);
  absl::StatusOr<v1::PruneJobsResponse> PruneJobs(const v1::PruneJobsRequest& request);
  absl::StatusOr<v1::ListCheckpointsResponse> ListCheckpoints(const std::string& job);  // all pages
  absl::StatusOr<v1::ListArtifactsResponse> ListArtifacts(const std::string& job, const std::string& prefix);
  absl::StatusOr<v1::Worker> GetWorker(const std::string& name);  // NOT_FOUND names it
  absl::StatusOr<v1::ClusterStatus> GetStatus();

  // Read page by page, until there is none or `on_page` returns false.
  absl::Status ListJobs(const v1::ListJobsRequest& request,
                        const std::function<bool(const v1::ListJobsResponse&)>& on_page);
  absl::Status ListWorkers(const std::function<bool(const v1::ListWorkersResponse&)>& on_page);

  // Drives the connection for `duration`, or until `stop` is requested. gRPC makes progress with a connection
  // only while somebody polls: who merely sleeps between calls that fail at once finds each handshake timed
  // out.
  void KeepConnecting(const std::stop_token& stop, absl::Duration duration) const;

  // Each calls `on_item` until it returns false (OK), the stream ends (its status), `stop` is requested
  // (CANCELLED) or `deadline` is over (DEADLINE_EXCEEDED).
  absl::Status WatchJobs(const std::vector<std::string>& jobs, std::stop_token stop, absl::Time deadline,
                         const std::function<bool(const v1::JobChange&)>& on_item);
  absl::Status StreamMetrics(const v1::StreamMetricsRequest& request, std::stop_token stop,
                             const std::function<bool(const v1::StepMetrics&)>& on_item);
  absl::Status ReadLog(const v1::ReadLogRequest& request,
                       const std::function<bool(const v1::LogChunk&)>& on_item);
  absl::Status ReadArtifact(const v1::ReadArtifactRequest& request,
                            const std::function<bool(const v1::ArtifactChunk&)>& on_item);

 private:
  Client(std::shared_ptr<grpc::Channel> channel, std::string where, std::string token);

  void Prepare(grpc::ClientContext& context, absl::Time deadline) const;
  absl::Status Explain(const grpc::Status& status) const;

  template <typename Response, typename Call>
  absl::StatusOr<Response> Unary(const Call& call) const;
  template <typename Response, typename Request, typename Call>
  absl::Status Pages(Request request, const Call& call,
                     const std::function<bool(const Response&)>& on_page) const;
  template <typename Item, typename Open>
  absl::Status Stream(std::stop_token stop, absl::Time deadline, const Open& open,
                      const std::function<bool(const Item&)>& on_item) const;

  const std::shared_ptr<grpc::Channel> channel_;
  const std::string where_;  // for messages
  const std::string token_;
  const std::unique_ptr<v1::JobService::Stub> jobs_;
  const std::unique_ptr<v1::ClusterService::Stub> cluster_;
};

}  // namespace simclr::cli
