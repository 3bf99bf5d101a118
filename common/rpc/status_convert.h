#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace simclr {

// The canonical codes are the same on both sides; the message travels unchanged, and so
// does a SessionRefusal. Thread-safe.
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace simclr
