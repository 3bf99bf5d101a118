#include "worker/trainer/run_end.h"

#include "common/base/text.h"

namespace simclr::trainer {

using engine::EndClass;

v1::FailureClass ToFailureClass(EndClass end) {
  switch (end) {
    case EndClass::kSuccess:
      return v1::FAILURE_CLASS_SUCCESS;
    case EndClass::kDrained:
      return v1::FAILURE_CLASS_DRAINED;
    case EndClass::kConfigError:
      return v1::FAILURE_CLASS_CONFIG_ERROR;
    case EndClass::kDataError:
      return v1::FAILURE_CLASS_DATA_ERROR;
    case EndClass::kNonFinite:
      return v1::FAILURE_CLASS_NON_FINITE;
    case EndClass::kOutOfMemory:
      return v1::FAILURE_CLASS_OUT_OF_MEMORY;
    case EndClass::kPeerLost:
      return v1::FAILURE_CLASS_PEER_LOST;
    case EndClass::kHardware:
      return v1::FAILURE_CLASS_HARDWARE;
    case EndClass::kStorageFull:
      return v1::FAILURE_CLASS_STORAGE_FULL;
    case EndClass::kResource:
      return v1::FAILURE_CLASS_RESOURCE;
    case EndClass::kCrash:
      return v1::FAILURE_CLASS_CRASH;
  }
  return v1::FAILURE_CLASS_CRASH;
}

v1::TrainerEnd ToTrainerEnd(const engine::RunEnd& end) {
  v1::TrainerEnd message;
  message.set_failure(ToFailureClass(end.end));
  message.set_message(PrintableLines(end.message, kMaxMessageText));
  message.set_step(end.step);
  message.set_total_steps(end.total_steps);
  message.mutable_results()->insert(end.results.begin(), end.results.end());
  return message;
}

int ExitCode(EndClass end) {
  switch (end) {
    case EndClass::kSuccess:
      return 0;
    case EndClass::kDrained:
      return 10;
    case EndClass::kConfigError:
      return 20;
    case EndClass::kDataError:
      return 21;
    case EndClass::kNonFinite:
      return 22;
    case EndClass::kOutOfMemory:
      return 30;
    case EndClass::kPeerLost:
      return 31;
    case EndClass::kHardware:
      return 32;
    case EndClass::kStorageFull:
      return 33;
    case EndClass::kResource:
      return 34;
    case EndClass::kCrash:
      return 1;
  }
  return 1;
}

}  // namespace simclr::trainer
