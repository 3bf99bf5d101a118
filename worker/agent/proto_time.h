#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "absl/time/time.h"

namespace simclr::agent {

inline google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  proto.set_nanos(static_cast<int>(absl::ToInt64Nanoseconds(duration)));
  return proto;
}

inline google::protobuf::Timestamp ToProto(absl::Time time) {
  const google::protobuf::Duration since_epoch = ToProto(time - absl::UnixEpoch());
  google::protobuf::Timestamp proto;
  proto.set_seconds(since_epoch.seconds());
  proto.set_nanos(since_epoch.nanos());
  return proto;
}

inline absl::Duration FromProto(const google::protobuf::Duration& proto) {
  return absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

}  // namespace simclr::agent
