#include "worker/trainer/run_end.h"

#include <gtest/gtest.h>

#include "worker/agent/exit_class.h"

namespace simclr::trainer {
namespace {

TEST(RunEnd, IsTheSameWordInTheLastReportAndInTheExitCode) {
  using engine::EndClass;
  for (const EndClass end :
       {EndClass::kSuccess, EndClass::kDrained, EndClass::kConfigError, EndClass::kDataError,
        EndClass::kNonFinite, EndClass::kOutOfMemory, EndClass::kPeerLost, EndClass::kStorageFull,
        EndClass::kResource, EndClass::kCrash}) {
    EXPECT_EQ(agent::ClassifyExit(agent::KilledFor::kNothing, {ExitCode(end), 0}), ToFailureClass(end))
        << ExitCode(end);
  }
  EXPECT_EQ(ExitCode(EndClass::kResource), 34);
}

}  // namespace
}  // namespace simclr::trainer
