#pragma once

#include "absl/strings/string_view.h"

namespace simclr {

inline constexpr int kMaxLabels = 32;

// A key is 1 to 63 characters of [a-z0-9], with [-_./] between them; a value is UTF-8 of at most 63 bytes
// without control characters. Pure.
bool IsLabelKey(absl::string_view key);
bool IsLabelValue(absl::string_view value);

}  // namespace simclr
