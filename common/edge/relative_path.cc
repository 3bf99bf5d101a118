#include "common/edge/relative_path.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace simclr {
namespace {

bool IsNormal(absl::string_view path) {
  const std::vector<absl::string_view> parts = absl::StrSplit(path, '/');
  return std::all_of(parts.begin(), parts.end(), [](absl::string_view part) {
    return !part.empty() && part != "." && part != ".." && part.find('\0') == absl::string_view::npos;
  });
}

}  // namespace

bool IsBelow(absl::string_view path, absl::string_view directory) {
  if (!IsNormal(directory) || !absl::ConsumePrefix(&path, directory)) return false;
  return absl::ConsumePrefix(&path, "/") && IsNormal(path);
}

}  // namespace simclr
