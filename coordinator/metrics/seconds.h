#pragma once

#include <google/protobuf/util/time_util.h>

// Times of messages as Prometheus wants them: seconds, since 1970 for a moment. Pure.
namespace simclr::coordinator {

inline double Seconds(const google::protobuf::Duration& duration) {
  return 1e-9 * static_cast<double>(google::protobuf::util::TimeUtil::DurationToNanoseconds(duration));
}

inline double Seconds(const google::protobuf::Timestamp& time) {
  return 1e-9 * static_cast<double>(google::protobuf::util::TimeUtil::TimestampToNanoseconds(time));
}

}  // namespace simclr::coordinator
