#pragma once

#include "absl/strings/string_view.h"

namespace simclr {

// Whether `path` names something below `directory`, both relative to one root and written in one way only:
// no "..", no ".", no empty part, no "/" at either end. Pure.
bool IsBelow(absl::string_view path, absl::string_view directory);

}  // namespace simclr
