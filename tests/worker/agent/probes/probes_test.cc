#include "worker/agent/probes/probes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace simclr::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class HeldSlots : public SlotProbe {
 public:
  std::vector<v1::Slot> Probe(const std::set<int>& held) override {
    asked.push_back(held);
    return std::vector<v1::Slot>(2);
  }

  std::vector<std::set<int>> asked;
};

class ProbesTest : public ::testing::Test {
 protected:
  ProbesTest()
      : probes_({.disks = {{"agent", "/"}, {"none", "/no/such"}}}, slots_, clock_,
                [this](Probed probed) { probed_.push_back(std::move(probed)); }) {}

  FakeClock clock_;
  HeldSlots slots_;
  std::vector<Probed> probed_;
  Probes probes_;
};

TEST_F(ProbesTest, AsksDriverAndDisksAtOnceAndThenAtItsInterval) {
  EXPECT_EQ(probes_.RunOnce(clock_.Monotonic()), clock_.Monotonic() + absl::Seconds(5));
  ASSERT_THAT(probed_, SizeIs(1));
  EXPECT_THAT(probed_[0].slots, SizeIs(2));
  EXPECT_GT(probed_[0].free_bytes.at("agent"), 0);
  EXPECT_EQ(probed_[0].free_bytes.count("none"), 0u);
  clock_.Advance(absl::Seconds(4));
  probes_.RunOnce(clock_.Monotonic());
  EXPECT_THAT(probed_, SizeIs(1));
  clock_.Advance(absl::Seconds(1));
  probes_.RunOnce(clock_.Monotonic());
  EXPECT_THAT(probed_, SizeIs(2));
}

TEST_F(ProbesTest, AsksAtOnceWhereASlotIsHeldOrFreed) {
  probes_.RunOnce(clock_.Monotonic());
  probes_.SetHeld({1});
  probes_.RunOnce(clock_.Monotonic());
  probes_.SetHeld({1});
  probes_.RunOnce(clock_.Monotonic());
  EXPECT_THAT(slots_.asked, ElementsAre(std::set<int>{}, std::set<int>{1}));
}

}  // namespace
}  // namespace simclr::agent
