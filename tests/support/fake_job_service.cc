#include "tests/support/fake_job_service.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/log_name.h"
#include "common/rpc/peer.h"

namespace simclr {

void FakeJobService::AddJob(const v1::Job& job) {
  absl::MutexLock lock(&mutex_);
  jobs_.push_back(job);
}

void FakeJobService::AddArtifact(const std::string& path, const std::string& bytes) {
  absl::MutexLock lock(&mutex_);
  artifacts_[path] = bytes;
}

void FakeJobService::AddSample(const v1::StepMetrics& sample) {
  absl::MutexLock lock(&mutex_);
  samples_.push_back(sample);
}

void FakeJobService::set_outcome(const std::string& name, v1::Phase phase) {
  absl::MutexLock lock(&mutex_);
  outcomes_[name] = phase;
}

void FakeJobService::set_data_root(const std::string& root) {
  absl::MutexLock lock(&mutex_);
  data_root_ = root;
}

std::vector<v1::SubmitJobsRequest> FakeJobService::submitted() const {
  absl::MutexLock lock(&mutex_);
  return submitted_;
}

std::vector<v1::ListJobsRequest> FakeJobService::lists() const {
  absl::MutexLock lock(&mutex_);
  return lists_;
}

std::vector<v1::CancelJobRequest> FakeJobService::cancellations() const {
  absl::MutexLock lock(&mutex_);
  return cancellations_;
}

std::vector<v1::DeleteJobsRequest> FakeJobService::deletions() const {
  absl::MutexLock lock(&mutex_);
  return deletions_;
}

std::vector<v1::PruneJobsRequest> FakeJobService::prunings() const {
  absl::MutexLock lock(&mutex_);
  return prunings_;
}

grpc::Status FakeJobService::Find(const grpc::ServerContext& context, const std::string& name,
                                  v1::Job* found) const {
  if (ReadPeer(context).token != "secret")
    return {grpc::StatusCode::UNAUTHENTICATED, "the token is not known"};
  for (auto job = jobs_.rbegin(); job != jobs_.rend(); ++job) {
    if (job->id() != name && job->spec().name() != name) continue;
    *found = *job;
    return grpc::Status::OK;
  }
  return {grpc::StatusCode::NOT_FOUND, absl::StrCat("no job '", name, "'")};
}

grpc::Status FakeJobService::SubmitJobs(grpc::ServerContext*, const v1::SubmitJobsRequest* request,
                                        v1::SubmitJobsResponse* response) {
  absl::MutexLock lock(&mutex_);
  for (const v1::JobSpec& spec : request->specs()) {
    const bool inside = absl::StartsWith(spec.data().source(), absl::StrCat("folder:", data_root_));
    if (!data_root_.empty() && !inside)
      return {grpc::StatusCode::INVALID_ARGUMENT, "data.source lies outside the data roots"};
  }
  if (request->validate_only()) return grpc::Status::OK;
  submitted_.push_back(*request);
  for (const v1::JobSpec& spec : request->specs()) {
    v1::Job job;
    *job.mutable_spec() = spec;
    job.set_id(absl::StrCat("j-00000000000", ++last_id_, "-aaaa"));
    const auto outcome = outcomes_.find(spec.name());
    job.mutable_status()->set_phase(outcome == outcomes_.end() ? v1::PHASE_SUCCEEDED : outcome->second);
    jobs_.push_back(job);
    v1::SubmittedJob& brief = *response->add_jobs();
    brief.set_id(job.id());
    brief.set_name(spec.name());
    brief.set_phase(job.status().phase());
  }
  return grpc::Status::OK;
}

grpc::Status FakeJobService::GetJob(grpc::ServerContext* context, const v1::GetJobRequest* request,
                                    v1::Job* job) {
  absl::MutexLock lock(&mutex_);
  return Find(*context, request->job(), job);
}

// Two jobs a page; filters are only remembered.
grpc::Status FakeJobService::ListJobs(grpc::ServerContext*, const v1::ListJobsRequest* request,
                                      v1::ListJobsResponse* response) {
  absl::MutexLock lock(&mutex_);
  lists_.push_back(*request);
  std::size_t next = 0;
  (void)absl::SimpleAtoi(request->page_token(), &next);
  for (; next < jobs_.size() && response->jobs_size() < 2; ++next) *response->add_jobs() = jobs_[next];
  if (next < jobs_.size()) response->set_next_page_token(absl::StrCat(next));
  return grpc::Status::OK;
}

grpc::Status FakeJobService::DeleteJobs(grpc::ServerContext* context, const v1::DeleteJobsRequest* request,
                                        v1::DeleteJobsResponse* response) {
  absl::MutexLock lock(&mutex_);
  deletions_.push_back(*request);
  for (const std::string& id : request->jobs()) {
    v1::Job job;
    const grpc::Status status = Find(*context, id, &job);
    if (!status.ok()) return status;
    response->add_jobs()->set_id(job.id());
    response->mutable_jobs()->rbegin()->set_name(job.spec().name());
  }
  return grpc::Status::OK;
}

// One job a page.
grpc::Status FakeJobService::PruneJobs(grpc::ServerContext*, const v1::PruneJobsRequest* request,
                                       v1::PruneJobsResponse* response) {
  absl::MutexLock lock(&mutex_);
  prunings_.push_back(*request);
  std::size_t next = 0;
  (void)absl::SimpleAtoi(request->filter().page_token(), &next);
  if (next < jobs_.size()) {
    response->add_jobs()->set_id(jobs_[next].id());
    response->mutable_jobs(0)->set_name(jobs_[next].spec().name());
  }
  if (next + 1 < jobs_.size()) response->set_next_page_token(absl::StrCat(next + 1));
  return grpc::Status::OK;
}

grpc::Status FakeJobService::WatchJobs(grpc::ServerContext* context, const v1::WatchJobsRequest* request,
                                       grpc::ServerWriter<v1::JobChange>* writer) {
  v1::JobChange change;
  {
    absl::MutexLock lock(&mutex_);
    const grpc::Status status = Find(*context, request->jobs(0), change.mutable_job());
    if (!status.ok()) return status;
  }
  writer->Write(change);
  // The stream stays open, as the real one does, until the client has seen enough.
  absl::MutexLock lock(&mutex_);
  const absl::Condition cancelled(
      +[](grpc::ServerContext* stream) { return stream->IsCancelled(); }, context);
  while (!mutex_.AwaitWithTimeout(cancelled, absl::Milliseconds(5))) continue;
  return grpc::Status::CANCELLED;
}

grpc::Status FakeJobService::CancelJob(grpc::ServerContext* context, const v1::CancelJobRequest* request,
                                       v1::Job* job) {
  absl::MutexLock lock(&mutex_);
  cancellations_.push_back(*request);
  const grpc::Status status = Find(*context, request->job(), job);
  if (status.ok()) job->mutable_status()->set_phase(v1::PHASE_CANCELLED);
  return status;
}

grpc::Status FakeJobService::ListCheckpoints(grpc::ServerContext* context,
                                             const v1::ListCheckpointsRequest* request,
                                             v1::ListCheckpointsResponse*) {
  absl::MutexLock lock(&mutex_);
  v1::Job job;
  return Find(*context, request->job(), &job);
}

grpc::Status FakeJobService::StreamMetrics(grpc::ServerContext*, const v1::StreamMetricsRequest*,
                                           grpc::ServerWriter<v1::StepMetrics>* writer) {
  absl::MutexLock lock(&mutex_);
  for (const v1::StepMetrics& sample : samples_) writer->Write(sample);
  return grpc::Status::OK;
}

grpc::Status FakeJobService::ReadLog(grpc::ServerContext* context, const v1::ReadLogRequest* request,
                                     grpc::ServerWriter<v1::LogChunk>* writer) {
  absl::MutexLock lock(&mutex_);
  v1::Job job;
  if (const grpc::Status found = Find(*context, request->job(), &job); !found.ok()) return found;
  std::string nonce;
  for (const v1::AttemptSummary& attempt : job.status().attempts()) {
    if (attempt.attempt() == request->attempt()) nonce = attempt.nonce();
  }
  const std::string path = ArchivedLogName(request->attempt(), nonce, request->rank());
  const auto found = artifacts_.find(path);
  if (found == artifacts_.end()) return {grpc::StatusCode::NOT_FOUND, absl::StrCat("no file ", path)};
  v1::LogChunk chunk;
  chunk.set_data(found->second);
  std::int64_t base = 0;
  const auto rotated = artifacts_.find(absl::StrCat(path, ".base"));
  if (rotated != artifacts_.end() && absl::SimpleAtoi(rotated->second, &base)) chunk.set_offset(base);
  writer->Write(chunk);
  return grpc::Status::OK;
}

grpc::Status FakeJobService::ReadArtifact(grpc::ServerContext*, const v1::ReadArtifactRequest* request,
                                          grpc::ServerWriter<v1::ArtifactChunk>* writer) {
  absl::MutexLock lock(&mutex_);
  const auto found = artifacts_.find(request->path());
  if (found == artifacts_.end())
    return {grpc::StatusCode::NOT_FOUND, absl::StrCat("no file ", request->path())};
  v1::ArtifactChunk chunk;
  chunk.set_data(found->second);
  writer->Write(chunk);
  return grpc::Status::OK;
}

grpc::Status FakeJobService::ListArtifacts(grpc::ServerContext*, const v1::ListArtifactsRequest* request,
                                           v1::ListArtifactsResponse* response) {
  absl::MutexLock lock(&mutex_);
  for (const auto& [path, bytes] : artifacts_) {
    if (!absl::StartsWith(path, request->prefix())) continue;
    auto& file = *response->add_files();
    file.set_path(path);
    file.set_bytes(static_cast<std::int64_t>(bytes.size()));
  }
  return grpc::Status::OK;
}

grpc::Status FakeJobService::ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*,
                                         v1::ListWorkersResponse* response) {
  v1::Worker& worker = *response->add_workers();
  worker.set_name("worker-1");
  worker.set_state(v1::WORKER_STATE_CONNECTED);
  worker.set_refusal("Observed.slots lists slot 0 twice");
  worker.add_slots()->set_usable(true);
  return grpc::Status::OK;
}

}  // namespace simclr
