#pragma once

#include <cstdint>
#include <string>

#include "simclr/v1/worker_service.pb.h"

namespace simclr::bench {

// What an agent's messages say about who sends them. All of the protocol that is about identity
// (incarnations, terms and the like) is here, so that the simulated agent itself does not change with it. Not
// thread-safe.
class AgentIdentity {
 public:
  // `random` is another number for each agent process.
  AgentIdentity(std::string worker, std::uint64_t random)
      : worker_(std::move(worker)), incarnation_(random | 1) {}

  const std::string& worker() const { return worker_; }

  // Call it once for each message that is sent.
  void Sign(v1::Observed& observed) {
    observed.set_worker(worker_);
    observed.set_incarnation(incarnation_);
    observed.set_seen_term(seen_term_);
  }
  void Sign(const v1::DesiredRank& rank, v1::ReportExitRequest& request) const {
    request.set_worker(worker_);
    request.set_incarnation(incarnation_);
    request.set_job_id(rank.job_id());
    request.set_attempt(rank.attempt());
    request.set_rank(rank.rank());
  }
  // Takes over what the coordinator says about this agent.
  void Learn(const v1::Desired& desired) { seen_term_ = desired.term(); }

 private:
  const std::string worker_;
  std::uint64_t incarnation_;
  std::int64_t seen_term_ = 0;
};

}  // namespace simclr::bench
