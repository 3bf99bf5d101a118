#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace simclr::engine {

// INVALID_ARGUMENT where `bad` of a data set's `images` could not be decoded and max_bad_share allows fewer.
// `bad` is the count of all ranks together, or the verdict would depend on how many there are. Pure.
absl::Status CheckBadShare(std::int64_t bad, std::int64_t images, double max_bad_share);

// The bad images of an attempt, counted the same way by every rank. Each epoch meets an image at most once,
// so the sum over ranks within an epoch counts none twice; of the epochs, the one that met most of them
// counts. Not thread-safe.
class BadImageCount {
 public:
  // `bad` images were in a global batch of `epoch`; epochs do not go back.
  void Add(std::int64_t epoch, std::int64_t bad);
  std::int64_t most() const { return most_; }

 private:
  std::int64_t epoch_ = 0, in_epoch_ = 0, most_ = 0;
};

}  // namespace simclr::engine
