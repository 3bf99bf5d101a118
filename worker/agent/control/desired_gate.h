#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::agent {

// Decides which Desired may be obeyed, and learns from them which incarnation of its name this agent is. Not
// thread-safe.
class DesiredGate {
 public:
  // `cluster_id` is the cluster that the agent belongs to; empty: the first one that speaks.
  explicit DesiredGate(std::string cluster_id) : cluster_id_(std::move(cluster_id)) {}

  // A session begins: the coordinator counts its orders anew and says again which incarnation this agent is.
  void OnSession();

  // OK: obey it. FAILED_PRECONDITION: another cluster, or a coordinator that is too old to be understood.
  // ABORTED: a lower term (an old coordinator that still lives), a second coordinator of the same term, an
  // older sequence, or another incarnation than the session began with.
  absl::Status Admit(const v1::Desired& desired);

  std::int64_t term() const { return term_; }
  const std::string& cluster_id() const { return cluster_id_; }
  // 0 before the coordinator spoke.
  std::uint64_t incarnation() const { return incarnation_; }
  // Orders of a second coordinator of the same term: never right, people must look.
  std::int64_t conflicts() const { return conflicts_; }

 private:
  absl::Status CheckSource(const v1::Desired& desired);
  absl::Status CheckSession(const v1::Desired& desired) const;

  std::string cluster_id_;
  std::int64_t term_ = 0;
  std::uint64_t holder_ = 0;  // of that term
  std::uint64_t incarnation_ = 0;
  std::int64_t conflicts_ = 0;

  // Of the present session.
  std::int64_t sequence_ = 0;
  bool identified_ = false;  // it said which incarnation this agent is
};

}  // namespace simclr::agent
