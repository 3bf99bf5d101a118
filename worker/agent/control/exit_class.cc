#include "worker/agent/control/exit_class.h"

namespace simclr::agent {
namespace {

// The contract between agent and trainer.
v1::FailureClass ClassOfCode(int code) {
  switch (code) {
    case 0:
      return v1::FAILURE_CLASS_SUCCESS;
    case 10:
      return v1::FAILURE_CLASS_DRAINED;
    case 20:
      return v1::FAILURE_CLASS_CONFIG_ERROR;
    case 21:
      return v1::FAILURE_CLASS_DATA_ERROR;
    case 22:
      return v1::FAILURE_CLASS_NON_FINITE;
    case 30:
      return v1::FAILURE_CLASS_OUT_OF_MEMORY;
    case 31:
      return v1::FAILURE_CLASS_PEER_LOST;
    case 32:
      return v1::FAILURE_CLASS_HARDWARE;
    case 33:
      return v1::FAILURE_CLASS_STORAGE_FULL;
    case 34:
      return v1::FAILURE_CLASS_RESOURCE;
    default:
      return v1::FAILURE_CLASS_CRASH;
  }
}

}  // namespace

v1::FailureClass ClassifyExit(KilledFor killed, const ProcessExit& exit) {
  if (killed == KilledFor::kOtherBuild) return v1::FAILURE_CLASS_BUILD_DIFFERS;
  const bool by_signal = exit.signal != 0;
  if (!by_signal) {
    const v1::FailureClass by_itself = ClassOfCode(exit.code);
    // It may have ended properly a moment before the signal reached it.
    if (killed == KilledFor::kNothing || by_itself != v1::FAILURE_CLASS_CRASH) return by_itself;
  }
  switch (killed) {
    case KilledFor::kUnwanted:
      return v1::FAILURE_CLASS_CANCELLED;
    case KilledFor::kGraceOver:  // the order was to drain; the job goes on from its last checkpoint
      return v1::FAILURE_CLASS_DRAINED;
    case KilledFor::kHang:
      return v1::FAILURE_CLASS_HANG;
    case KilledFor::kOtherBuild:
    case KilledFor::kNothing:
      break;
  }
  return v1::FAILURE_CLASS_CRASH;
}

}  // namespace simclr::agent
