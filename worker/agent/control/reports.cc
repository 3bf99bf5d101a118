#include "worker/agent/control/reports.h"

#include <utility>

#include "common/base/text.h"
#include "common/edge/bounds.h"
#include "common/job/proto_time.h"

namespace simclr::agent {
namespace {

std::size_t MaxSamples() {
  const auto& samples =
      *v1::PushMetricsRequest::descriptor()->FindFieldByNumber(v1::PushMetricsRequest::kSamplesFieldNumber);
  return static_cast<std::size_t>(BoundOf(samples).max_items());
}

}  // namespace

template <typename Request>
void Reports::Stamp(const RankKey& key, Request& request) const {
  request.set_worker(worker_);
  request.set_incarnation(incarnation_);
  request.set_job_id(key.job_id);
  request.set_attempt(key.attempt);
  request.set_rank(key.rank);
  request.set_nonce(key.nonce);
}

void Reports::AddMetrics(const RankKey& key, v1::StepMetrics metrics) {
  std::vector<v1::StepMetrics>& samples = unsent_[key];
  samples.push_back(std::move(metrics));
  if (samples.size() >= MaxSamples()) Flush();
}

void Reports::AddCheckpoint(const RankKey& key, const v1::Checkpoint& checkpoint) {
  Flush();
  v1::CommitCheckpointRequest commit;
  commit.set_worker(worker_);
  commit.set_incarnation(incarnation_);
  *commit.mutable_checkpoint() = checkpoint;
  commit.mutable_checkpoint()->set_nonce(key.nonce);
  commit.set_rank(key.rank);
  outbox_.Add(std::move(commit));
}

void Reports::AddExit(v1::ReportExitRequest exit) {
  Flush();
  exit.set_worker(worker_);
  exit.set_incarnation(incarnation_);
  *exit.mutable_at() = ToProto(clock_.Now());
  exit.set_message(PrintableLines(exit.message(), kMaxMessageText));
  outbox_.Add(std::move(exit));
}

void Reports::AddArchived(const RankKey& key, std::int64_t base_offset, std::int64_t bytes) {
  v1::LogArchivedRequest archived;
  Stamp(key, archived);
  archived.set_base_offset(base_offset);
  archived.set_bytes(bytes);
  outbox_.Add(std::move(archived));
}

void Reports::Flush() {
  for (const auto& [key, samples] : unsent_) {
    v1::PushMetricsRequest push;
    Stamp(key, push);
    push.mutable_samples()->Assign(samples.begin(), samples.end());
    outbox_.Add(std::move(push));
  }
  unsent_.clear();
}

}  // namespace simclr::agent
