#pragma once

#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace simclr::engine {

// Runs `body` and turns what it throws into a status: the only place where exceptions of LibTorch end.
//   out of memory (host or device)    -> RESOURCE_EXHAUSTED
//   the device failed (CUDA, NCCL)    -> INTERNAL, of which IsDeviceFailure is true
//   a collective that failed          -> UNAVAILABLE   (c10::DistBackendError, Gloo's connection errors,
//   time-outs)
//   no more threads or open files     -> ABORTED, with the limit to raise
//   anything else that c10 or std threw -> INTERNAL
// `what` says what was being done; it begins the message. Thread-safe.
absl::Status CatchTorch(absl::string_view what, const std::function<absl::Status()>& body);

// Whether the device itself may be at fault, so that another one may do better.
bool IsDeviceFailure(const absl::Status& status);

}  // namespace simclr::engine
