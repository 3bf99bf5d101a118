#include "coordinator/collect/checkpoint_name.h"

#include <gtest/gtest.h>

namespace simclr::coordinator {
namespace {

TEST(ParseCheckpointName, ReadsWhatTrainersWrite) {
  const CheckpointName name = ParseCheckpointName("a2-1f2e3d4c-s500").value();
  EXPECT_EQ(name.attempt, 2);
  EXPECT_EQ(name.nonce, "1f2e3d4c");
  EXPECT_EQ(name.step, 500);
  EXPECT_FALSE(name.partial);
  EXPECT_TRUE(ParseCheckpointName("a12-s5.partial")->partial);
  EXPECT_EQ(ParseCheckpointName("a12-s5")->nonce, "");
}

TEST(ParseCheckpointName, KnowsNoOtherSpelling) {
  for (const char* name :
       {"", "a", "a1", "s5", "a1-s", "a-s5", "a01-s5", "a+1-s5", "a1-s5-x", "a1--s5", "a1-s5 ", "A1-s5",
        "a1-123456789-s5", "a1-s5.partial.partial", "b1-s5", "a1-s-5", "a1-s99999999999999999999"}) {
    EXPECT_FALSE(ParseCheckpointName(name).has_value()) << name;
  }
}

TEST(WriterOf, TellsPlacementsApartByTheirNonce) {
  v1::JobRecord record;
  record.add_attempts()->set_nonce("1f2e3d4c00000000");
  record.mutable_attempts(0)->mutable_summary()->set_attempt(1);
  EXPECT_NE(WriterOf(record, *ParseCheckpointName("a1-1f2e3d4c-s5")), nullptr);
  for (const char* name : {"a1-s5", "a1-1f2e3d4d-s5", "a2-1f2e3d4c-s5", "a0-1f2e3d4c-s5"}) {
    EXPECT_EQ(WriterOf(record, *ParseCheckpointName(name)), nullptr) << name;
  }
}

}  // namespace
}  // namespace simclr::coordinator
