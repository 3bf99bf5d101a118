#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "simclr/v1/worker_service.pb.h"
#include "worker/agent/outbox.h"
#include "worker/agent/rank_key.h"

namespace simclr::agent {

// What the agent tells the coordinator beside its state, stamped with who says it, in an order that holds:
// metrics and commits of a rank before its exit. Not thread-safe.
class Reports {
 public:
  // `clock` and `outbox` outlive it.
  Reports(std::string worker, const Clock& clock, Outbox& outbox)
      : worker_(std::move(worker)), clock_(clock), outbox_(outbox) {}

  // Of what is added from now on.
  void set_incarnation(std::uint64_t incarnation) { incarnation_ = incarnation; }

  // Kept until Flush, the next of the others, or as many as one push may hold.
  void AddMetrics(const RankKey& key, v1::StepMetrics metrics);
  // Written by rank `key`.
  void AddCheckpoint(const RankKey& key, const v1::Checkpoint& checkpoint);
  void AddExit(v1::ReportExitRequest exit);
  void Flush();

  std::size_t waiting() const { return outbox_.size(); }
  void Nudge() { outbox_.Nudge(); }

 private:
  const std::string worker_;
  std::uint64_t incarnation_ = 0;
  const Clock& clock_;
  Outbox& outbox_;
  std::map<RankKey, std::vector<v1::StepMetrics>> unsent_;
};

}  // namespace simclr::agent
