#include "common/job/proto_time.h"

#include <gtest/gtest.h>

namespace simclr {
namespace {

TEST(ProtoTime, KeepsEveryNanosecond) {
  const absl::Time time = absl::FromUnixSeconds(1'800'000'000) + absl::Nanoseconds(123'456'789);
  EXPECT_EQ(FromProto(ToProto(time)), time);
  const absl::Duration duration = absl::Hours(5) + absl::Nanoseconds(1);
  EXPECT_EQ(FromProto(ToProto(duration)), duration);
  EXPECT_EQ(FromProto(ToProto(-duration)), -duration);
}

TEST(ProtoTime, CountsTheNanosecondsOfATimeBefore1970Upwards) {
  const absl::Time time = absl::UnixEpoch() - absl::Milliseconds(250);
  EXPECT_EQ(ToProto(time).seconds(), -1);
  EXPECT_EQ(ToProto(time).nanos(), 750'000'000);
  EXPECT_EQ(FromProto(ToProto(time)), time);
}

}  // namespace
}  // namespace simclr
