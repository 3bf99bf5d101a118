#include "worker/trainer/run_end.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"

namespace simclr::trainer {
namespace {

TEST(TrainerEnd, HasAPrintableMessageOfABoundedSize) {
  engine::RunEnd end;
  end.end = engine::EndClass::kDataError;
  end.message = "training failed: caf\xe9\x1b[2J\n" + std::string(1 << 20, '\xff');
  const v1::TrainerEnd told = ToTrainerEnd(end);
  EXPECT_EQ(told.failure(), v1::FAILURE_CLASS_DATA_ERROR);
  EXPECT_THAT(told.message(), testing::StartsWith("training failed: caf\\xe9\\x1b[2J\n\\xff"));
  EXPECT_LE(told.message().size(), kMaxMessageText);
  v1::TrainerEnd parsed;
  EXPECT_TRUE(parsed.ParseFromString(told.SerializeAsString()));
}

}  // namespace
}  // namespace simclr::trainer
