#pragma once

#include <compare>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"

namespace simclr::agent {

// One rank of one placement of a job: what a trainer process is. The nonce tells placements apart that have
// the same number, as those after a restore of the coordinator's database can have.
struct RankKey {
  std::string job_id;
  int attempt = 0;
  int rank = 0;
  std::string nonce;

  auto operator<=>(const RankKey&) const = default;  // NOLINT(modernize-use-nullptr): of the compiler's own 0
};

// Of any message with the four fields.
template <typename Message>
RankKey KeyOf(const Message& message) {
  return {message.job_id(), message.attempt(), message.rank(), message.nonce()};
}

// "a2-1f2e3d4c-r0": the name of the rank's log and directory within its job.
inline std::string FileStem(const RankKey& key) {
  return absl::StrCat(AttemptName(key.attempt, key.nonce), "-r", key.rank);
}

}  // namespace simclr::agent
