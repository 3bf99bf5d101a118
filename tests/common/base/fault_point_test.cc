#include "common/base/fault_point.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

namespace simclr {
namespace {

void Pass(const char* armed, const char* name, int times) {
  ::setenv("SIMCLR_FAULT_POINT", armed, 1);
  for (int i = 0; i < times; ++i) FaultPoint(name);
  std::_Exit(0);
}

TEST(FaultPointDeathTest, KillsTheProcessAtTheArmedPoint) {
  EXPECT_EXIT(Pass("here", "here", 1), ::testing::KilledBySignal(SIGKILL), "");
}

TEST(FaultPointDeathTest, WaitsForThePassingThatIsNamed) {
  EXPECT_EXIT(Pass("here@3", "here", 2), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(Pass("here@3", "here", 3), ::testing::KilledBySignal(SIGKILL), "");
}

TEST(FaultPointDeathTest, LeavesEveryOtherPointAlone) {
  EXPECT_EXIT(Pass("here", "there", 1), ::testing::ExitedWithCode(0), "");
}

TEST(FaultPoint, ListsItsNames) {
  EXPECT_FALSE(FaultPointNames().empty());
}

}  // namespace
}  // namespace simclr
