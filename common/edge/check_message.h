#pragma once

#include <google/protobuf/message.h>

#include "absl/status/status.h"

namespace simclr {

enum class UnknownWords {
  kRefused,
  kKept,  // a stored message may be that of a newer version
};

// The one check of every message that comes over the network: that each field, at any depth, is within the
// bound that the protos give it (BoundOf). Beyond the bounds: no NaN or infinity unless a bound lets it,
// times within the range of their types, no word of an enum that this version does not know. What fields mean
// together is checked by coordinator/edge and worker/agent/edge after it.
//
// INVALID_ARGUMENT (RefusalReason tells why) names the first field that does not fit, its value or size, and
// the limit. Pure, so that fuzzers may call it alone.
//
// Only the network's doors refuse. What a process wrote to its own disk (journal, spool, snapshots) is never
// checked here but mended (mend_message.h): a tightened bound must not make stored data unreadable.
absl::Status CheckMessage(const google::protobuf::Message& message,
                          UnknownWords words = UnknownWords::kRefused);

}  // namespace simclr
