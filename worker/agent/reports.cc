#include "worker/agent/reports.h"

#include "common/base/text.h"
#include "common/job/proto_time.h"

namespace simclr::agent {

void Reports::AddCheckpoint(const v1::Checkpoint& checkpoint) {
  Flush();
  v1::CommitCheckpointRequest commit;
  commit.set_worker(worker_);
  commit.set_incarnation(incarnation_);
  *commit.mutable_checkpoint() = checkpoint;
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
    push.mutable_samples()->Assign(samples.begin(), samples.end());
    outbox_.Add(push);
  }
  unsent_.clear();
}

}  // namespace simclr::agent
