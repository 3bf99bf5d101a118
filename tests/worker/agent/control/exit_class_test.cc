#include "worker/agent/control/exit_class.h"

#include <gtest/gtest.h>

namespace simclr::agent {
namespace {

TEST(ExitClass, FollowsTheContractOfExitCodes) {
  const std::pair<int, v1::FailureClass> contract[] = {
      {0, v1::FAILURE_CLASS_SUCCESS},       {10, v1::FAILURE_CLASS_DRAINED},
      {20, v1::FAILURE_CLASS_CONFIG_ERROR}, {21, v1::FAILURE_CLASS_DATA_ERROR},
      {22, v1::FAILURE_CLASS_NON_FINITE},   {30, v1::FAILURE_CLASS_OUT_OF_MEMORY},
      {31, v1::FAILURE_CLASS_PEER_LOST},    {32, v1::FAILURE_CLASS_HARDWARE},
      {33, v1::FAILURE_CLASS_STORAGE_FULL}, {34, v1::FAILURE_CLASS_RESOURCE},
      {1, v1::FAILURE_CLASS_CRASH},         {127, v1::FAILURE_CLASS_CRASH}};
  for (const auto& [code, failure] : contract) {
    EXPECT_EQ(ClassifyExit(KilledFor::kNothing, {code, 0}), failure) << "code " << code;
  }
}

TEST(ExitClass, CallsAnUnexpectedSignalACrash) {
  EXPECT_EQ(ClassifyExit(KilledFor::kNothing, {-1, 9}), v1::FAILURE_CLASS_CRASH);
}

TEST(ExitClass, KnowsWhyTheAgentKilled) {
  EXPECT_EQ(ClassifyExit(KilledFor::kUnwanted, {-1, 15}), v1::FAILURE_CLASS_CANCELLED);
  EXPECT_EQ(ClassifyExit(KilledFor::kGraceOver, {-1, 15}), v1::FAILURE_CLASS_DRAINED);
  EXPECT_EQ(ClassifyExit(KilledFor::kHang, {-1, 6}), v1::FAILURE_CLASS_HANG);
  EXPECT_EQ(ClassifyExit(KilledFor::kHang, {1, 0}), v1::FAILURE_CLASS_HANG);
}

TEST(ExitClass, BelievesAProperEndThatWasFasterThanTheSignal) {
  EXPECT_EQ(ClassifyExit(KilledFor::kUnwanted, {0, 0}), v1::FAILURE_CLASS_SUCCESS);
  EXPECT_EQ(ClassifyExit(KilledFor::kGraceOver, {10, 0}), v1::FAILURE_CLASS_DRAINED);
}

}  // namespace
}  // namespace simclr::agent
