#include "worker/agent/reports.h"

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
  outbox_.Add(commit);
}

void Reports::AddExit(v1::ReportExitRequest exit) {
  Flush();
  exit.set_worker(worker_);
  exit.set_incarnation(incarnation_);
  *exit.mutable_at() = ToProto(clock_.Now());
  exit.set_message(PrintableLines(exit.message(), kMaxMessageText));
  outbox_.Add(exit);
}

void Reports::Flush() {
  for (const auto& [key, samples] : unsent_) {
    v1::PushMetricsRequest push;
    push.set_worker(worker_);
    push.set_incarnation(incarnation_);
    push.set_job_id(key.job_id);
    push.set_attempt(key.attempt);
    push.set_rank(key.rank);
    push.set_nonce(key.nonce);
    push.mutable_samples()->Assign(samples.begin(), samples.end());
    outbox_.Add(push);
  }
  unsent_.clear();
}

}  // namespace simclr::agent
