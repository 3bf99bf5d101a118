#include "bench/control_plane/history.h"

#include <gmock/gmock.h>

#include "coordinator/state/cluster_state.h"

namespace simclr::bench {
namespace {

TEST(HistoryTest, EventsOfAllJobsFitTogether) {
  const History history({.ended = 40, .queued = 5, .now = absl::FromUnixSeconds(1'800'000'000)});
  coordinator::ClusterState state;
  std::int64_t revision = 0;
  for (int index = 0; index < history.size(); ++index) {
    for (v1::Event& event : History::EventsOf(history.Record(index))) {
      event.set_revision(++revision);
      EXPECT_TRUE(state.Apply(event).ok()) << event.DebugString();
    }
  }
}

TEST(HistoryTest, IsTheSameForTheSameSeed) {
  const HistoryOptions options{
      .ended = 3, .queued = 1, .now = absl::FromUnixSeconds(1'800'000'000), .seed = 7};
  HistoryOptions other = options;
  other.seed = 8;
  EXPECT_EQ(History(options).Record(2).DebugString(), History(options).Record(2).DebugString());
  EXPECT_NE(History(options).Record(2).DebugString(), History(other).Record(2).DebugString());
}

}  // namespace
}  // namespace simclr::bench
