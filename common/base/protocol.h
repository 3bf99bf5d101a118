#pragma once

#include "absl/time/time.h"

namespace simclr {

// Of the wire between coordinator and agents. It is raised with each change that an older program would
// misread; what older programs may ignore needs no new number. A coordinator takes its own and the one
// before, but never 0, which programs sent that knew no number.
inline constexpr int kProtocol = 1;

// An agent is quiet, so that it hears of changed orders alone, until it heard nothing for so long.
inline constexpr absl::Duration kQuietFor = absl::Seconds(15);

}  // namespace simclr
