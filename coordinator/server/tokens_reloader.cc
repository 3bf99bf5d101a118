#include "coordinator/server/tokens_reloader.h"

#include <utility>

#include "common/base/file_system.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"

namespace simclr::coordinator {
namespace {

constexpr std::size_t kMaxTokensBytes = 16 << 20;

}  // namespace

absl::StatusOr<std::string> ReadTokens(const std::string& path) {
  if (path.empty()) return std::string();
  return ReadSmallFile(path, kMaxTokensBytes);
}

void TokensReloader::Look() {
  const absl::StatusOr<bool> taken = TakeOver();
  if (taken.ok() && *taken) LogInfo("new tokens are in force", {{"file", path_}});
  refused_ = !taken.ok();
  const std::string problem(taken.status().message());
  if (problem_.ShouldSay(problem)) {
    LogWarning("the tokens on disk are not taken over; those of before stay in force", {{"cause", problem}});
  }
}

absl::StatusOr<bool> TokensReloader::TakeOver() {
  SIMCLR_ASSIGN_OR_RETURN(std::string text, ReadTokens(path_));
  if (text == used_) return false;
  SIMCLR_RETURN_IF_ERROR(authorizer_.Replace(text));
  used_ = std::move(text);
  return true;
}

}  // namespace simclr::coordinator
