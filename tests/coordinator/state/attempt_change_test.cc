#include "coordinator/state/attempt_change.h"

#include "coordinator/state/job_record.h"
#include "tests/support/change_test_base.h"

namespace simclr::coordinator {
namespace {

using AttemptChangeTest = ChangeTest;

TEST_F(AttemptChangeTest, NamesTheSlotsThatAnAttemptTakesAndFrees) {
  Apply(SubmittedEvent("j-1", 2));
  const Change placed = Ask(PlacedEventOf("j-1", 1, {0, 3})).value();
  EXPECT_EQ(placed.slots,
            (std::map<SlotKey, std::string>{{{"worker-1", 0}, "j-1"}, {{"worker-1", 3}, "j-1"}}));
  state_.Merge(placed);
  const Change ended = Ask(AttemptEndedEvent("j-1", 1, v1::PHASE_QUEUED)).value();
  EXPECT_EQ(ended.slots, (std::map<SlotKey, std::string>{{{"worker-1", 0}, ""}, {{"worker-1", 3}, ""}}));
}

TEST_F(AttemptChangeTest, RefusesRanksThatAreNotNumberedInOrder) {
  Apply(SubmittedEvent("j-1", 2));
  v1::Event event = PlacedEventOf("j-1", 1, {0, 1});
  event.mutable_attempt_placed()->mutable_ranks(1)->set_rank(0);
  ExpectRefused(event, "ranks are numbered");
}

TEST_F(AttemptChangeTest, RefusesAGangWithOneSlotTwice) {
  Apply(SubmittedEvent("j-1", 2));
  ExpectRefused(PlacedEventOf("j-1", 1, {3, 3}), "slot 3 of worker worker-1 is held by job j-1");
}

TEST_F(AttemptChangeTest, EndsAnAttemptIntoAPhaseThatCanFollow) {
  Apply(SubmittedEvent("j-1"));
  Apply(PlacedEventOf("j-1", 1, {0}));
  for (const v1::Phase phase :
       {v1::PHASE_UNSPECIFIED, v1::PHASE_RUNNING, v1::PHASE_STARTING, v1::PHASE_BLOCKED}) {
    ExpectRefused(AttemptEndedEvent("j-1", 1, phase), "after an attempt");
  }
  ExpectRefused(AttemptEndedEvent("j-1", 2, v1::PHASE_QUEUED), "only a live attempt");
  Apply(AttemptEndedEvent("j-1", 1, v1::PHASE_QUEUED));
  ExpectRefused(AttemptEndedEvent("j-1", 1, v1::PHASE_QUEUED), "only a live attempt");
}

TEST_F(AttemptChangeTest, TakesAnExitOfARankOnceAndOfTheLiveAttempt) {
  Apply(SubmittedEvent("j-1", 2));
  ExpectRefused(ExitedEvent("j-1", 1, 0), "it is not live");
  Apply(PlacedEventOf("j-1", 1, {0, 1}));
  Apply(ExitedEvent("j-1", 1, 0));
  ExpectRefused(ExitedEvent("j-1", 1, 0), "it is not live");
  ExpectRefused(ExitedEvent("j-1", 2, 1), "it is not live");
}

TEST_F(AttemptChangeTest, TakesACheckpointOnceAndOfTheLiveAttempt) {
  Apply(SubmittedEvent("j-1"));
  ExpectRefused(CommittedEvent("j-1", 1, 5), "stale attempt");
  Apply(PlacedEventOf("j-1", 1, {0}));
  Apply(CommittedEvent("j-1", 1, 5));
  ExpectRefused(CommittedEvent("j-1", 1, 5), "committed twice");
}

TEST_F(AttemptChangeTest, RemembersOnlyTheNewestRetiredCheckpoints) {
  Apply(SubmittedEvent("j-1"));
  Apply(PlacedEventOf("j-1", 1, {0}));
  for (int step = 1; step <= 40; ++step) {
    v1::Event event = CommittedEvent("j-1", 1, step);
    for (const v1::CheckpointKey& key : RetiredByCommit(*state_.FindJob("j-1"))) {
      *event.mutable_checkpoint_committed()->add_retired() = key;
    }
    Apply(event);
  }
  const v1::JobRecord& record = *state_.FindJob("j-1");
  EXPECT_EQ(record.checkpoints_size(), 18) << "two that are kept, sixteen that are retired";
  EXPECT_EQ(UsableCheckpoints(record).size(), 2u);
  EXPECT_EQ(record.checkpoints().rbegin()->step(), 40);
}

TEST_F(AttemptChangeTest, AdoptsACheckpointThatIsNewerThanThoseOfAnOpenJob) {
  Apply(SubmittedEvent("j-1"));
  ExpectRefused(AdoptedEvent("j-9", 5), "no open job 'j-9'");
  Apply(PlacedEventOf("j-1", 1, {0}));
  Apply(CommittedEvent("j-1", 1, 5));
  ExpectRefused(AdoptedEvent("j-1", 5), "is not newer");
  ExpectRefused(AdoptedEvent("j-1", 4), "is not newer");
  Apply(AdoptedEvent("j-1", 10));
  const JobPtr job = state_.FindJob("j-1");
  EXPECT_EQ(UsableCheckpoints(*job).at(0).step(), 10);
  EXPECT_EQ(job->revision(), state_.revision());
  ExpectRefused(AdoptedEvent("j-1", 10), "is not newer");
  Apply(AttemptEndedEvent("j-1", 1, v1::PHASE_CANCELLED));
  ExpectRefused(AdoptedEvent("j-1", 15), "no open job 'j-1'");
}

TEST_F(AttemptChangeTest, OffersAnAdoptedCheckpointToTheNextAttempt) {
  Apply(SubmittedEvent("j-1"));
  Apply(AdoptedEvent("j-1", 10));
  Apply(PlacedEventOf("j-1", 1, {0}));
  const v1::AttemptRecord& attempt = state_.FindJob("j-1")->attempts(0);
  ASSERT_EQ(attempt.resume_size(), 1);
  EXPECT_EQ(attempt.resume(0).step(), 10);
}

}  // namespace
}  // namespace simclr::coordinator
