#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "common/base/protocol.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::bench {

// What an agent's messages say about who sends them. All of the protocol that is about identity
// (incarnations, nonces, sequences, terms) is here, so that the simulated agent itself does not change with
// it. Not thread-safe.
class AgentIdentity {
 public:
  // Who numbers agent processes: the coordinator, or, before the protocol had a number, each of them itself.
  enum class Numbering { kGiven, kOwn };

  // `nonce` is another number, not 0, for each agent process.
  AgentIdentity(std::string worker, std::uint64_t nonce, Numbering numbering)
      : worker_(std::move(worker)), nonce_(nonce), incarnation_(numbering == Numbering::kOwn ? nonce : 0) {}

  // Whether a session ended because that coordinator expects agents to number themselves.
  static bool WantsOwn(const absl::Status& session) {
    return absl::StrContains(session.message(), "needs the worker's name and its incarnation");
  }

  const std::string& worker() const { return worker_; }

  // Call it once for each message that is sent.
  void Sign(v1::Observed& observed) {
    observed.set_worker(worker_);
    observed.set_incarnation(incarnation_);
    observed.set_nonce(nonce_);
    observed.set_sequence(++sequence_);
    observed.set_protocol(kProtocol);
    observed.set_seen_term(seen_term_);
  }
  void Sign(const v1::DesiredRank& rank, v1::ReportExitRequest& request) const {
    request.set_worker(worker_);
    request.set_incarnation(incarnation_);
    request.set_job_id(rank.job_id());
    request.set_attempt(rank.attempt());
    request.set_rank(rank.rank());
    request.set_nonce(rank.nonce());
  }
  // Takes over what the coordinator says about this agent.
  void Learn(const v1::Desired& desired) {
    seen_term_ = desired.term();
    if (desired.incarnation() != 0) incarnation_ = desired.incarnation();
  }

 private:
  const std::string worker_;
  const std::uint64_t nonce_;
  std::uint64_t incarnation_;
  std::int64_t sequence_ = 0;
  std::int64_t seen_term_ = 0;
};

}  // namespace simclr::bench
