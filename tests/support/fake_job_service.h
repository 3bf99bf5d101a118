#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "simclr/v1/cluster_service.grpc.pb.h"
#include "simclr/v1/job_service.grpc.pb.h"

namespace simclr {

// A coordinator that does what a test tells it: jobs end as soon as they are submitted, with the phase of
// `outcome`. Calls without the token "secret" are refused. Thread-safe.
class FakeJobService : public v1::JobService::Service, public v1::ClusterService::Service {
 public:
  void AddJob(const v1::Job& job);
  void AddArtifact(const std::string& path, const std::string& bytes);
  void AddSample(const v1::StepMetrics& sample);
  void set_outcome(const std::string& name, v1::Phase phase);
  void set_data_root(const std::string& root);           // folders elsewhere are refused
  std::vector<v1::SubmitJobsRequest> submitted() const;  // without validate_only
  std::vector<v1::ListJobsRequest> lists() const;        // of jobs that were asked for, a page each
  std::vector<v1::CancelJobRequest> cancellations() const;
  std::vector<v1::DeleteJobsRequest> deletions() const;
  std::vector<v1::PruneJobsRequest> prunings() const;  // a page each

  grpc::Status SubmitJobs(grpc::ServerContext*, const v1::SubmitJobsRequest*,
                          v1::SubmitJobsResponse*) override;
  grpc::Status GetJob(grpc::ServerContext*, const v1::GetJobRequest*, v1::Job*) override;
  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest*, v1::ListJobsResponse*) override;
  grpc::Status WatchJobs(grpc::ServerContext*, const v1::WatchJobsRequest*,
                         grpc::ServerWriter<v1::JobChange>*) override;
  grpc::Status CancelJob(grpc::ServerContext*, const v1::CancelJobRequest*, v1::Job*) override;
  grpc::Status DeleteJobs(grpc::ServerContext*, const v1::DeleteJobsRequest*,
                          v1::DeleteJobsResponse*) override;
  grpc::Status PruneJobs(grpc::ServerContext*, const v1::PruneJobsRequest*, v1::PruneJobsResponse*) override;
  grpc::Status ListCheckpoints(grpc::ServerContext*, const v1::ListCheckpointsRequest*,
                               v1::ListCheckpointsResponse*) override;
  grpc::Status StreamMetrics(grpc::ServerContext*, const v1::StreamMetricsRequest*,
                             grpc::ServerWriter<v1::StepMetrics>*) override;
  grpc::Status ReadLog(grpc::ServerContext*, const v1::ReadLogRequest* request,
                       grpc::ServerWriter<v1::LogChunk>* writer) override;
  grpc::Status ReadArtifact(grpc::ServerContext*, const v1::ReadArtifactRequest*,
                            grpc::ServerWriter<v1::ArtifactChunk>*) override;
  grpc::Status ListArtifacts(grpc::ServerContext*, const v1::ListArtifactsRequest*,
                             v1::ListArtifactsResponse*) override;
  grpc::Status ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*,
                           v1::ListWorkersResponse*) override;

 private:
  grpc::Status Find(const grpc::ServerContext& context, const std::string& name, v1::Job* found) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::vector<v1::Job> jobs_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::SubmitJobsRequest> submitted_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::ListJobsRequest> lists_ ABSL_GUARDED_BY(mutex_);
  int last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<v1::CancelJobRequest> cancellations_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::DeleteJobsRequest> deletions_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::PruneJobsRequest> prunings_ ABSL_GUARDED_BY(mutex_);
  std::string data_root_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::StepMetrics> samples_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> artifacts_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::Phase> outcomes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr
