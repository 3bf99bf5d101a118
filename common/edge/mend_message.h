#pragma once

#include <google/protobuf/message.h>

namespace simclr {

// Makes a message that this process read from its own disk (journal, spool, snapshot: written by an older
// or a stricter version) one that CheckMessage lets pass: texts are escaped and cut, surplus items of lists
// dropped from the end, those of maps in the order of their keys, numbers and times moved to the nearest that
// is allowed (NaN to 0). Characters that a name may not hold become '_'; a damaged digest is emptied. Words
// of enums that are not known here are kept (UnknownWords::kKept).
//
// A message that passes stays as it is, so mending twice is mending once. Equal values are mended to equal
// ones: names that refer to each other still do. Pure.
void Mend(google::protobuf::Message& message);

}  // namespace simclr
