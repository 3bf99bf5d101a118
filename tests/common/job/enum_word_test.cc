#include "common/job/enum_word.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simclr/v1/cluster_service.pb.h"
#include "simclr/v1/job.pb.h"

namespace simclr {
namespace {

TEST(EnumWord, HasTheFormOfEachPlace) {
  EXPECT_EQ(EnumWord(v1::JOB_KIND_LINEAR_EVAL), "linear-eval");
  EXPECT_EQ(EnumWord(v1::PHASE_RUNNING), "RUNNING");
  EXPECT_EQ(EnumLabel(v1::FAILURE_CLASS_WORKER_LOST), "worker_lost");
  EXPECT_EQ(EnumLabel(v1::PHASE_RUNNING), "running");
  EXPECT_EQ(EnumPhrase(v1::FAILURE_CLASS_WORKER_LOST), "worker lost");
}

TEST(EnumWord, IsEmptyWhereNothingIsKnown) {
  EXPECT_EQ(EnumWord(v1::WORKER_STATE_UNSPECIFIED), "");
  EXPECT_EQ(EnumLabel(v1::DEVICE_UNSPECIFIED), "unspecified");
  const auto newer = static_cast<v1::Reason>(12345);
  EXPECT_EQ(EnumWord(newer) + EnumLabel(newer) + EnumPhrase(newer), "");
}

TEST(EnumWord, ReadsBackWhatItWrites) {
  for (const auto* type : {v1::Phase_descriptor(), v1::JobKind_descriptor(), v1::Reason_descriptor()}) {
    for (const std::string& word : EnumWords(*type)) {
      const auto value = EnumOfWord(*type, word);
      ASSERT_TRUE(value.has_value()) << word;
      EXPECT_EQ(EnumWord(*type, *value), word);
    }
  }
  EXPECT_EQ(EnumOfWord(*v1::JobKind_descriptor(), "Linear_EVAL"), v1::JOB_KIND_LINEAR_EVAL);
  for (const char* word : {"", "unspecified", "gone"})
    EXPECT_EQ(EnumOfWord(*v1::Phase_descriptor(), word), std::nullopt) << word;
}

TEST(EnumWord, NamesEveryWordInTheOrderOfTheProto) {
  EXPECT_THAT(EnumWords(*v1::Device_descriptor()), testing::ElementsAre("auto", "cpu", "cuda"));
}

}  // namespace
}  // namespace simclr
