#include "coordinator/core/answers.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace simclr::coordinator {

absl::StatusOr<std::optional<RequestRecord>> FindAnswer(const Decision& decision, const std::string& method,
                                                        const std::string& request_id,
                                                        const std::string& hash) {
  if (request_id.empty()) return std::nullopt;
  SIMCLR_ASSIGN_OR_RETURN(auto earlier, decision.FindRequest(method, request_id));
  if (!earlier.has_value() || earlier->content_hash == hash) return earlier;
  return absl::AlreadyExistsError(
      absl::StrCat("request id '", request_id, "' was used for another request; use a new one"));
}

void RememberAnswer(Decision& decision, const std::string& method, const std::string& request_id,
                    const std::string& hash, std::string result) {
  if (!request_id.empty()) decision.Remember({"", method, request_id, hash, std::move(result), {}});
}

}  // namespace simclr::coordinator
