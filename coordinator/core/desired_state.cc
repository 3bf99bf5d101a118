#include "coordinator/core/desired_state.h"

#include <set>

#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

void FillRank(const v1::JobRecord& record, const v1::AttemptRecord& attempt, const v1::RankRecord& rank,
              const std::string& endpoint, v1::DesiredRank& desired) {
  desired.set_job_id(record.job().id());
  desired.set_attempt(attempt.summary().attempt());
  desired.set_rank(rank.rank());
  desired.set_world_size(attempt.ranks_size());
  desired.set_slot(rank.slot());
  desired.set_order(endpoint.empty() ? v1::ORDER_PREPARE : v1::ORDER_RUN);
  *desired.mutable_spec() = record.job().spec();
  desired.set_spec_hash(record.spec_hash());
  desired.set_nonce(attempt.nonce());
  desired.set_build(attempt.summary().build());
  desired.set_store_endpoint(endpoint);
  desired.set_precision(record.job().status().precision());
  for (const v1::CheckpointKey& key : attempt.resume()) {
    const v1::Checkpoint* checkpoint = FindCheckpoint(record, key);
    if (checkpoint != nullptr) *desired.add_resume() = *checkpoint;
  }
}

bool WantsRanks(v1::Phase phase) {
  return phase == v1::PHASE_STARTING || phase == v1::PHASE_RUNNING;
}

}  // namespace

void AddGang(const v1::JobRecord& job, std::set<std::string>& workers) {
  if (job.attempts().empty()) return;
  for (const v1::RankRecord& rank : job.attempts().rbegin()->ranks()) workers.insert(rank.worker());
}

v1::Desired DesiredFor(const v1::WorkerRecord& worker, const std::vector<JobPtr>& jobs,
                       const Observations& observations) {
  v1::Desired desired;
  const std::string& name = worker.worker().name();
  for (const JobPtr& record : jobs) {
    const v1::AttemptRecord* attempt = LiveAttempt(*record);
    if (attempt == nullptr || !WantsRanks(record->job().status().phase())) continue;
    const std::string& id = record->job().id();
    const std::string endpoint = observations.StoreEndpoint(id, *attempt);
    for (const v1::RankRecord& rank : attempt->ranks()) {
      if (rank.worker() != name || FindExit(*attempt, rank.rank()) != nullptr) continue;
      // An agent process that was not given the rank may still have it: its number changed by a restored
      // database.
      const bool given = rank.incarnation() == worker.worker().incarnation();
      if (!given && observations.FindRank(id, *attempt, rank) == nullptr) continue;
      FillRank(*record, *attempt, rank, endpoint, *desired.add_ranks());
    }
  }
  return desired;
}

}  // namespace simclr::coordinator
