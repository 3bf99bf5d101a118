#include "common/base/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace simclr {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(GateTest, LetsInAsManyAsItsLimit) {
  Gate gate("storage", {.inside = 2, .waiting = 0});
  auto first = gate.Enter();
  const auto second = gate.Enter();
  EXPECT_TRUE(first.ok());
  EXPECT_TRUE(second.ok());
  EXPECT_TRUE(absl::IsUnavailable(gate.Enter().status()));
}

TEST(GateTest, LetsTheNextInWhenOneLeaves) {
  Gate gate("storage", {.inside = 1, .waiting = 1, .patience = absl::InfiniteDuration()});
  std::optional<Gate::Pass> inside(*gate.Enter());
  absl::Status waited = absl::UnknownError("not asked");
  std::thread next([&] { waited = gate.Enter().status(); });
  inside.reset();
  next.join();
  EXPECT_TRUE(waited.ok()) << waited;
}

TEST(GateTest, SaysForHowLongNobodyLeftWhenThePatienceEnds) {
  Gate gate("storage", {.inside = 1, .waiting = 1, .patience = absl::Milliseconds(1)});
  const auto inside = gate.Enter();
  const absl::Status refused = gate.Enter().status();
  EXPECT_TRUE(absl::IsUnavailable(refused));
  EXPECT_THAT(std::string(refused.message()), StartsWith("storage: no answer for "));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("1 calls are inside"));
}

TEST(GateTest, APassThatMovedLeavesOnce) {
  Gate gate("storage", {.inside = 1, .waiting = 0});
  {
    Gate::Pass first = *gate.Enter();
    const Gate::Pass second = std::move(first);
  }
  const auto one = gate.Enter();
  EXPECT_TRUE(one.ok());
  EXPECT_TRUE(absl::IsUnavailable(gate.Enter().status()));
}

}  // namespace
}  // namespace simclr
