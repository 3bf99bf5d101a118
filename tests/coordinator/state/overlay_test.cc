#include "coordinator/state/overlay.h"

#include <gtest/gtest.h>

#include "coordinator/state/cluster_state.h"
#include "tests/support/test_events.h"

namespace simclr::coordinator {
namespace {

const Stamp kStamp{absl::FromUnixSeconds(500), absl::Seconds(50)};

ClusterState StateOf(const std::vector<v1::Event>& events) {
  ClusterState state;
  for (const v1::Event& event : events) {
    const absl::Status applied = state.Apply(Numbered(event, state.revision() + 1));
    EXPECT_TRUE(applied.ok()) << applied;
  }
  return state;
}

TEST(Overlay, StampsEventsOneAfterTheOther) {
  const ClusterState state = StateOf({SubmittedEvent("j-1")});
  Overlay overlay(state, kStamp);
  ASSERT_TRUE(overlay.Add(PlacedEventOf("j-1", 1, {0}), "coordinator").ok());
  ASSERT_TRUE(overlay.Add(SubmittedEvent("j-2"), "ann").ok());
  ASSERT_EQ(overlay.events().size(), 2u);
  const v1::Event& second = overlay.events()[1].event;
  EXPECT_EQ(second.revision(), 3);
  EXPECT_EQ(second.actor(), "ann");
  EXPECT_EQ(second.at().seconds(), 500);
  EXPECT_EQ(second.service_time().seconds(), 50);
  EXPECT_EQ(overlay.events()[0].before.phase, v1::PHASE_QUEUED);
  EXPECT_EQ(second.revision(), overlay.revision());
}

TEST(Overlay, AnswersAsTheStateWillBe) {
  const ClusterState state = StateOf({SubmittedEvent("j-1")});
  Overlay overlay(state, kStamp);
  ASSERT_TRUE(overlay.Add(PlacedEventOf("j-1", 1, {0}), "").ok());
  ASSERT_TRUE(overlay.Add(SubmittedEvent("j-2"), "").ok());
  ASSERT_TRUE(overlay.Add(WorkerRegisteredEvent("worker-1"), "").ok());
  EXPECT_EQ(overlay.HolderOf({"worker-1", 0}), "j-1");
  EXPECT_EQ(overlay.FindJob("j-1")->job().status().phase(), v1::PHASE_STARTING);
  EXPECT_EQ(overlay.last_job_id(), "j-2");
  EXPECT_EQ(overlay.open_jobs(), 2);
  EXPECT_EQ(overlay.open_jobs_of("ann"), 2);
  EXPECT_NE(overlay.FindWorker("worker-1"), nullptr);
  EXPECT_EQ(state.FindJob("j-2"), nullptr) << "the state itself does not change";
  EXPECT_EQ(state.HolderOf({"worker-1", 0}), "");
}

TEST(Overlay, RefusesWhatBreaksAnInvariantOfWhatCameBeforeInTheBatch) {
  const ClusterState state = StateOf({SubmittedEvent("j-1"), SubmittedEvent("j-2")});
  Overlay overlay(state, kStamp);
  ASSERT_TRUE(overlay.Add(PlacedEventOf("j-1", 1, {0}), "").ok());
  EXPECT_TRUE(absl::IsInternal(overlay.Add(PlacedEventOf("j-2", 1, {0}), "")));
  EXPECT_EQ(overlay.events().size(), 1u);
  EXPECT_EQ(overlay.revision(), 3);
  EXPECT_TRUE(overlay.Add(PlacedEventOf("j-2", 1, {1}), "").ok());
}

TEST(Overlay, DropsAChildThatIsNotMerged) {
  const ClusterState state = StateOf({SubmittedEvent("j-1")});
  Overlay overlay(state, kStamp);
  {
    Overlay child(overlay, kStamp);
    ASSERT_TRUE(child.Add(PlacedEventOf("j-1", 1, {0}), "").ok());
    EXPECT_EQ(child.HolderOf({"worker-1", 0}), "j-1");
  }
  EXPECT_EQ(overlay.HolderOf({"worker-1", 0}), "");
  EXPECT_EQ(overlay.revision(), 1);
}

TEST(Overlay, TakesOverTheEventsOfAChild) {
  const ClusterState state = StateOf({SubmittedEvent("j-1")});
  Overlay overlay(state, kStamp);
  Overlay child(overlay, kStamp);
  ASSERT_TRUE(child.Add(JobEndedEvent("j-1", v1::PHASE_CANCELLED), "").ok());
  ASSERT_TRUE(child.Add(SubmittedEvent("j-2"), "").ok());
  overlay.Merge(std::move(child));
  EXPECT_EQ(overlay.events().size(), 2u);
  EXPECT_EQ(overlay.revision(), 3);
  EXPECT_EQ(overlay.open_jobs(), 1);
  EXPECT_TRUE(absl::IsInternal(overlay.Add(JobStoppingEvent("j-1"), "")));
}

}  // namespace
}  // namespace simclr::coordinator
