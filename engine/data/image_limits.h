#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace simclr::engine {

// A few kilobytes can claim to be an image of many gigabytes; no photograph is larger than this.
inline constexpr std::int64_t kMaxPixels = 100'000'000;

inline absl::Status CheckPixelCount(std::int64_t height, std::int64_t width) {
  if (height > 0 && width > 0 && height * width <= kMaxPixels) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("is an image of ", width, " x ", height, " pixels; 1 to ",
                                                 kMaxPixels, " pixels are read"));
}

}  // namespace simclr::engine
