#include "common/job/labels.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "common/base/text.h"

namespace simclr {
namespace {

constexpr std::size_t kLongest = 63;  // bytes

bool IsEdge(char c) {
  return absl::ascii_islower(c) || absl::ascii_isdigit(c);
}

bool IsInside(char c) {
  return IsEdge(c) || c == '-' || c == '_' || c == '.' || c == '/';
}

}  // namespace

bool IsLabelKey(absl::string_view key) {
  return !key.empty() && key.size() <= kLongest && IsEdge(key.front()) && IsEdge(key.back()) &&
         std::all_of(key.begin(), key.end(), IsInside);
}

bool IsLabelValue(absl::string_view value) {
  return value.size() <= kLongest && Printable(value) == value;
}

}  // namespace simclr
