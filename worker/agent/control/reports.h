#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "simclr/v1/worker_service.pb.h"
#include "worker/agent/base/rank_key.h"
#include "worker/agent/outbox/outbox.h"

namespace simclr::agent {

// What the agent tells the coordinator beside its state, stamped with who says it. Metrics and commits of a
// rank are added before its exit. Not thread-safe.
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
  void AddArchived(const RankKey& key, std::int64_t base_offset, std::int64_t bytes);
  void Flush();

 private:
  template <typename Request>
  void Stamp(const RankKey& key, Request& request) const;

  const std::string worker_;
  std::uint64_t incarnation_ = 0;
  const Clock& clock_;
  Outbox& outbox_;
  std::map<RankKey, std::vector<v1::StepMetrics>> unsent_;
};

}  // namespace simclr::agent
