#pragma once

namespace simclr {

// Of the wire between coordinator and agents. It is raised with each change that an older program would
// misread; what older programs may ignore needs no new number. A coordinator takes its own and the one
// before, but never 0, which programs sent that knew no number.
inline constexpr int kProtocol = 1;

}  // namespace simclr
