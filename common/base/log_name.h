#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/ids.h"

namespace simclr {

// Where the log of a rank is archived, below its job's artifact directory: "logs/a1-1f2e3d4c-r0.log".
inline std::string ArchivedLogName(int attempt, absl::string_view nonce, int rank) {
  return absl::StrCat("logs/", AttemptName(attempt, nonce), "-r", rank, ".log");
}

// Beside an archived log that does not begin with the log's first byte: "NAME.base" holds the offset of the
// first.
inline constexpr char kLogBaseSuffix[] = ".base";

}  // namespace simclr
