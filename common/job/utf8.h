#pragma once

#include "absl/strings/string_view.h"

namespace simclr {

// Whether `text` is UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(absl::string_view text);

}  // namespace simclr
