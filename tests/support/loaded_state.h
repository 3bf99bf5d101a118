#pragma once

#include <gtest/gtest.h>

#include "coordinator/state/cluster_state.h"
#include "coordinator/store/journal.h"

namespace simclr::coordinator {

// The state that a start on this journal recovers.
inline ClusterState LoadState(Journal& journal) {
  const Journal::Recovered recovered = journal.Load().value();
  ClusterState state;
  if (!recovered.snapshot.empty()) state = ClusterState::Parse(recovered.snapshot).value();
  for (const v1::Event& event : recovered.events) {
    const absl::Status applied = state.Apply(event);
    EXPECT_TRUE(applied.ok()) << applied;
  }
  return state;
}

}  // namespace simclr::coordinator
