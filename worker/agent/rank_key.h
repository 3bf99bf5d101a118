#pragma once

#include <compare>
#include <string>

#include "absl/strings/str_cat.h"

namespace simclr::agent {

// One rank of one attempt of a job: what a trainer process is.
struct RankKey {
  std::string job_id;
  int attempt = 0;
  int rank = 0;

  auto operator<=>(const RankKey&) const = default;  // NOLINT(modernize-use-nullptr): of the compiler's own 0
};

// Of any message with the three fields.
template <typename Message>
RankKey KeyOf(const Message& message) {
  return {message.job_id(), message.attempt(), message.rank()};
}

// "a2-r0": the name of the rank's log and pid files within its job.
inline std::string FileStem(const RankKey& key) {
  return absl::StrCat("a", key.attempt, "-r", key.rank);
}

}  // namespace simclr::agent
