#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace simclr {

// The candidate that `word` was most likely meant to be, by edit distance; "" if none is near. Pure.
std::string ClosestWord(absl::string_view word, const std::vector<std::string>& candidates);

// "; did you mean 'epochs'?", or the candidates if none is near: the tail of an error message. Pure.
std::string SuggestWord(absl::string_view word, const std::vector<std::string>& candidates);

}  // namespace simclr
