#include "worker/trainer/run_end.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "worker/agent/control/exit_class.h"

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

TEST(RunEnd, IsTheSameWordInTheLastReportAndInTheExitCode) {
  using engine::EndClass;
  for (const EndClass end :
       {EndClass::kSuccess, EndClass::kDrained, EndClass::kConfigError, EndClass::kDataError,
        EndClass::kNonFinite, EndClass::kOutOfMemory, EndClass::kPeerLost, EndClass::kHardware,
        EndClass::kStorageFull, EndClass::kResource, EndClass::kCrash}) {
    EXPECT_EQ(agent::ClassifyExit(agent::KilledFor::kNothing, {ExitCode(end), 0}), ToFailureClass(end))
        << ExitCode(end);
  }
  EXPECT_EQ(ExitCode(EndClass::kResource), 34);
}

}  // namespace
}  // namespace simclr::trainer
