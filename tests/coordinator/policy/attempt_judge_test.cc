#include "coordinator/policy/attempt_judge.h"

#include <gtest/gtest.h>

#include <deque>

namespace simclr::coordinator {
namespace {

// A gang whose facts are set one by one.
class Gang {
 public:
  explicit Gang(int ranks) {
    view.limits.init = view.limits.data = view.limits.step = absl::Minutes(5);
    view.limits.grace = absl::Minutes(2);
    for (int i = 0; i < ranks; ++i) {
      RankView rank;
      rank.rank = i;
      rank.worker_name = "worker-" + std::to_string(i + 1);
      view.ranks.push_back(rank);
    }
  }
  void Exit(int rank, v1::FailureClass failure) {
    exits_.emplace_back();
    exits_.back().set_rank(rank);
    exits_.back().set_failure(failure);
    view.ranks[rank].exit = &exits_.back();
  }
  v1::ObservedRank& Observe(int rank, v1::Activity activity, int seconds_without_progress) {
    observed_.emplace_back();
    observed_.back().set_activity(activity);
    observed_.back().mutable_since_progress()->set_seconds(seconds_without_progress);
    view.ranks[rank].observed = {std::shared_ptr<void>(), &observed_.back()};  // owned here
    return observed_.back();
  }
  std::optional<Judgement> Judge() { return JudgeAttempt({}, view); }

  AttemptView view;

 private:
  std::deque<v1::ExitRecord> exits_;
  std::deque<v1::ObservedRank> observed_;
};

TEST(AttemptJudge, WaitsForEveryRankOfASuccess) {
  Gang gang(2);
  gang.Exit(0, v1::FAILURE_CLASS_SUCCESS);
  EXPECT_FALSE(gang.Judge().has_value());
  gang.Exit(1, v1::FAILURE_CLASS_SUCCESS);
  EXPECT_EQ(gang.Judge()->failure, v1::FAILURE_CLASS_SUCCESS);
}

TEST(AttemptJudge, CallsItASuccessWhenAnotherRankFailsAfterRankZeroSucceeded) {
  Gang gang(2);
  gang.Exit(0, v1::FAILURE_CLASS_SUCCESS);
  gang.Exit(1, v1::FAILURE_CLASS_PEER_LOST);
  EXPECT_EQ(gang.Judge()->failure, v1::FAILURE_CLASS_SUCCESS);
}

TEST(AttemptJudge, EndsAtOnceWhenARankFailsByItself) {
  Gang gang(2);
  gang.Exit(1, v1::FAILURE_CLASS_CRASH);
  EXPECT_EQ(gang.Judge()->failure, v1::FAILURE_CLASS_CRASH);
  EXPECT_EQ(gang.Judge()->culprit_rank, 1);
}

TEST(AttemptJudge, WaitsForTheCauseBehindALostPeer) {
  Gang gang(2);
  gang.Exit(0, v1::FAILURE_CLASS_PEER_LOST);
  gang.view.since_first_exit = absl::Seconds(1);
  EXPECT_FALSE(gang.Judge().has_value());
  gang.Exit(1, v1::FAILURE_CLASS_HARDWARE);
  EXPECT_EQ(gang.Judge()->failure, v1::FAILURE_CLASS_HARDWARE);
}

TEST(AttemptJudge, GivesUpOnTheCauseAfterAWhile) {
  Gang gang(2);
  gang.Exit(0, v1::FAILURE_CLASS_PEER_LOST);
  gang.view.since_first_exit = absl::Seconds(6);
  EXPECT_EQ(gang.Judge()->failure, v1::FAILURE_CLASS_PEER_LOST);
}

TEST(AttemptJudge, LetsTheOthersFinishADrain) {
  Gang gang(2);
  gang.Exit(1, v1::FAILURE_CLASS_DRAINED);
  gang.view.since_first_exit = absl::Seconds(60);
  EXPECT_FALSE(gang.Judge().has_value());
  gang.Exit(0, v1::FAILURE_CLASS_DRAINED);
  EXPECT_EQ(gang.Judge()->failure, v1::FAILURE_CLASS_DRAINED);
}

TEST(AttemptJudge, EndsWithALostWorker) {
  Gang gang(2);
  gang.view.ranks[1].worker = v1::WORKER_STATE_LOST;
  EXPECT_EQ(gang.Judge()->failure, v1::FAILURE_CLASS_WORKER_LOST);
  EXPECT_EQ(gang.Judge()->culprit_rank, 1);
}

TEST(AttemptJudge, EndsACancelledAttemptOnceItsRanksAreGone) {
  Gang gang(2);
  gang.view.stopping = true;
  gang.Exit(0, v1::FAILURE_CLASS_CANCELLED);
  EXPECT_FALSE(gang.Judge().has_value()) << "nobody said yet that rank 1 is gone";
  gang.view.ranks[1].stop_seen = true;
  EXPECT_EQ(gang.Judge()->failure, v1::FAILURE_CLASS_CANCELLED);
}

TEST(AttemptJudge, EndsACancelledAttemptInTimeAndNamesTheTrainerThatOutlivesIt) {
  Gang gang(2);
  gang.view.stopping = true;
  gang.Exit(0, v1::FAILURE_CLASS_CANCELLED);
  gang.Observe(1, v1::ACTIVITY_SAVING, 70)
      .set_stuck("pid 77 does not end: it waits in the kernel (nfs_wait)");
  gang.view.since_stopping = absl::Seconds(60);
  EXPECT_FALSE(gang.Judge().has_value());
  gang.view.since_stopping = absl::Seconds(61);
  EXPECT_EQ(gang.Judge()->failure, v1::FAILURE_CLASS_CANCELLED);
  EXPECT_EQ(
      gang.Judge()->message,
      "cancelled, though these did not end within 1m and hold their slots until they do: rank 1 on worker-2 "
      "(pid 77 does not end: it waits in the kernel (nfs_wait))");
}

TEST(AttemptJudge, EndsWithARankWhoseEndIsNeverReported) {
  Gang gang(2);
  gang.view.ranks[1].absent = absl::Seconds(30);
  EXPECT_FALSE(gang.Judge().has_value()) << "the report may be on its way";
  gang.view.ranks[1].absent = absl::Seconds(31);
  EXPECT_EQ(gang.Judge()->failure, v1::FAILURE_CLASS_CRASH);
  EXPECT_EQ(gang.Judge()->culprit_rank, 1);
  gang.view.ranks[1].worker = v1::WORKER_STATE_UNKNOWN;
  EXPECT_FALSE(gang.Judge().has_value()) << "nobody can know";
}

TEST(AttemptJudge, NeverCancelsAJobThatNobodyCancelled) {
  Gang gang(1);
  gang.Exit(0, v1::FAILURE_CLASS_CANCELLED);
  EXPECT_EQ(gang.Judge()->failure, v1::FAILURE_CLASS_DRAINED);
}

TEST(AttemptJudge, EndsAGangThatHangs) {
  Gang gang(2);
  gang.Observe(0, v1::ACTIVITY_COLLECTIVE, 400);
  gang.Observe(1, v1::ACTIVITY_FORWARD, 400);
  EXPECT_EQ(gang.Judge()->failure, v1::FAILURE_CLASS_HANG);
  EXPECT_EQ(gang.Judge()->culprit_rank, 1);
}

}  // namespace
}  // namespace simclr::coordinator
