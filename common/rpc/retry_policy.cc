#include "common/rpc/retry_policy.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace simclr {
namespace {

// Waits are random, up to 0.4, 0.8, 1.6 and 3.2 s. Five tries are the most that gRPC allows.
constexpr char kPolicy[] =
    R"("retryPolicy":{"maxAttempts":5,"initialBackoff":"0.4s","maxBackoff":"4s","backoffMultiplier":2,)"
    R"("retryableStatusCodes":["UNAVAILABLE"]})";

}  // namespace

std::string RetryPolicy(const std::vector<const google::protobuf::ServiceDescriptor*>& services) {
  std::vector<std::string> names;
  for (const google::protobuf::ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      const google::protobuf::MethodDescriptor& method = *service->method(i);
      if (method.client_streaming() || method.server_streaming()) continue;
      names.push_back(
          absl::StrCat(R"({"service":")", service->full_name(), R"(","method":")", method.name(), R"("})"));
    }
  }
  return absl::StrCat(R"({"methodConfig":[{"name":[)", absl::StrJoin(names, ","), "],", kPolicy, "}]}");
}

}  // namespace simclr
