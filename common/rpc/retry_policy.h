#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

namespace simclr {

// A service config (JSON) that has gRPC repeat the unary calls of these services while nobody answers, up to
// four times within a few seconds and within the call's deadline. For services whose calls do no harm when
// they arrive twice. Pure.
std::string RetryPolicy(const std::vector<const google::protobuf::ServiceDescriptor*>& services);

}  // namespace simclr
