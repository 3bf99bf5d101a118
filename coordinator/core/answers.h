#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "coordinator/core/writer.h"

namespace simclr::coordinator {

// Calls that change something and have a request id are remembered with their answer, so that repeating one
// does nothing. Without an id nothing is looked up or kept.

// The earlier answer to the same request; nullopt: there is none. ALREADY_EXISTS: its id was used for one
// with another hash.
absl::StatusOr<std::optional<RequestRecord>> FindAnswer(const Decision& decision, const std::string& method,
                                                        const std::string& request_id,
                                                        const std::string& hash);

// `result`: what tells the answer again.
void RememberAnswer(Decision& decision, const std::string& method, const std::string& request_id,
                    const std::string& hash, std::string result);

}  // namespace simclr::coordinator
