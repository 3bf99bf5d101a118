#include "coordinator/policy/identity.h"

#include <algorithm>

namespace simclr::coordinator {
namespace {

bool IsFree(const NameHolder& holder) {
  return holder.incarnation == 0 || holder.gone || holder.session_ended || holder.silent >= kNameGrace;
}

}  // namespace

NameDecision JudgeName(const NameHolder& holder, const NameClaim& claim) {
  const std::uint64_t next = holder.incarnation + 1;
  const bool same = holder.incarnation != 0 && holder.nonce == claim.nonce && claim.nonce != 0;
  if (claim.incarnation > holder.incarnation) {
    const std::uint64_t shown = std::min(claim.incarnation, holder.incarnation + kMostUnknownIncarnations);
    return {NameVerdict::kRegisters, shown + 1};
  }
  if (same) return {NameVerdict::kHolds, holder.incarnation};
  if (claim.incarnation == 0) {
    return IsFree(holder) ? NameDecision{NameVerdict::kRegisters, next}
                          : NameDecision{NameVerdict::kTaken, 0};
  }
  const bool lower = claim.incarnation < holder.incarnation;
  if (lower || holder.in_session) return {NameVerdict::kReplaced, 0};
  return IsFree(holder) ? NameDecision{NameVerdict::kRegisters, next} : NameDecision{NameVerdict::kTaken, 0};
}

}  // namespace simclr::coordinator
