#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "coordinator/state/change.h"
#include "coordinator/state/cluster_state.h"
#include "tests/support/test_events.h"

namespace simclr::coordinator {

// A state, and what Derive says of an event that may come next.
class ChangeTest : public ::testing::Test {
 protected:
  absl::StatusOr<Change> Ask(const v1::Event& event, int seconds = 100) {
    return Derive(state_, Numbered(event, state_.revision() + 1, seconds));
  }
  void Apply(const v1::Event& event, int seconds = 100) {
    const auto change = Ask(event, seconds);
    ASSERT_TRUE(change.ok()) << change.status();
    state_.Merge(*change);
  }
  void ExpectRefused(const v1::Event& event, const std::string& words) {
    const absl::Status refused = Ask(event).status();
    EXPECT_TRUE(absl::IsInternal(refused)) << refused;
    EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr(words));
  }

  ClusterState state_;
};

}  // namespace simclr::coordinator
