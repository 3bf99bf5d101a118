#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace simclr {

// Of a problem that somebody looks for now and again, such as files that do not fit together: says it once,
// and not before it was there twice in a row, as whoever replaces several files passes through it. Not
// thread-safe.
class PersistentProblem {
 public:
  // `problem` is what was found (empty: none). Whether to say it now.
  bool ShouldSay(absl::string_view problem) {
    times_ = problem == problem_ ? times_ + 1 : 1;
    problem_ = std::string(problem);
    return !problem.empty() && times_ == 2;
  }

 private:
  std::string problem_;
  int times_ = 0;  // in a row
};

}  // namespace simclr
