#include "worker/agent/control/desired_gate.h"

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/base/protocol.h"
#include "common/base/status_macros.h"

namespace simclr::agent {

void DesiredGate::OnSession() {
  sequence_ = 0;
  identified_ = false;
}

absl::Status DesiredGate::Admit(const v1::Desired& desired) {
  SIMCLR_RETURN_IF_ERROR(CheckSource(desired));
  SIMCLR_RETURN_IF_ERROR(CheckSession(desired));
  cluster_id_ = desired.cluster_id();
  term_ = desired.term();
  holder_ = desired.holder();
  sequence_ = desired.sequence();
  incarnation_ = desired.incarnation();
  identified_ = true;
  return absl::OkStatus();
}

absl::Status DesiredGate::CheckSource(const v1::Desired& desired) {
  // A coordinator that knows the number judges by itself whether it understands this agent.
  if (desired.protocol() < 1 || desired.incarnation() == 0) {
    return absl::FailedPreconditionError(absl::StrCat("orders of protocol ", desired.protocol(),
                                                      ", but this agent speaks ", kProtocol,
                                                      "; update the coordinator"));
  }
  if (!cluster_id_.empty() && desired.cluster_id() != cluster_id_) {
    return absl::FailedPreconditionError(
        absl::StrCat("orders of cluster '", desired.cluster_id(), "', but this agent belongs to '",
                     cluster_id_, "'; point --coordinator at its own cluster, or give it an empty --dir"));
  }
  if (desired.term() < term_) {
    return absl::AbortedError(
        absl::StrCat("orders of term ", desired.term(), ", but term ", term_, " was seen"));
  }
  if (desired.term() == term_ && desired.holder() != holder_) {
    ++conflicts_;
    return absl::AbortedError(
        absl::StrCat("orders of coordinator ", HexId(desired.holder()), " in term ", term_, ", which ",
                     HexId(holder_), " holds: two coordinators run; stop the one without the newest data"));
  }
  return absl::OkStatus();
}

absl::Status DesiredGate::CheckSession(const v1::Desired& desired) const {
  if (desired.sequence() < sequence_) {
    return absl::AbortedError(
        absl::StrCat("orders of sequence ", desired.sequence(), ", but ", sequence_, " was seen"));
  }
  if (identified_ && desired.incarnation() != incarnation_) {
    return absl::AbortedError(absl::StrCat("orders for incarnation ", desired.incarnation(),
                                           " of this worker, but this is ", incarnation_));
  }
  return absl::OkStatus();
}

}  // namespace simclr::agent
