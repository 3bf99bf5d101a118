#include "coordinator/policy/hang_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/job/defaults.h"
#include "common/job/proto_time.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

constexpr v1::Activity kCollective = v1::ACTIVITY_COLLECTIVE;

// A gang whose ranks stand still for so long in what they do.
class Gang {
 public:
  explicit Gang(int ranks) {
    view.limits = LimitsOf(WithDefaults(v1::Limits()), {});
    view.limits.step = absl::Minutes(1);
    for (int i = 0; i < ranks; ++i) {
      RankView& rank = view.ranks.emplace_back();
      rank.rank = i;
      rank.worker_name = "worker-" + std::to_string(i + 1);
    }
  }
  Gang& Is(int rank, v1::Activity activity, absl::Duration since) {
    auto observed = std::make_shared<v1::ObservedRank>();
    observed->set_activity(activity);
    observed->set_step(7);
    *observed->mutable_since_progress() = ToProto(since);
    view.ranks[static_cast<std::size_t>(rank)].observed = std::move(observed);
    return *this;
  }
  // -2: it does not hang.
  int Culprit() const {
    const auto judgement = JudgeHang(view);
    return judgement.has_value() ? judgement->culprit_rank : -2;
  }

  AttemptView view;
};

TEST(HangJudge, BlamesTheRankThatTheOthersWaitFor) {
  Gang gang(3);
  gang.Is(0, kCollective, absl::Minutes(40)).Is(2, kCollective, absl::Minutes(40));
  gang.Is(1, v1::ACTIVITY_FORWARD, absl::Seconds(61));
  EXPECT_EQ(gang.Culprit(), 1);
  EXPECT_THAT(
      JudgeHang(gang.view)->message,
      HasSubstr("rank 1 on worker-2 hangs in forward at step 7: no progress for 1m1s, limits.step is 1m"));
  gang.Is(1, v1::ACTIVITY_FORWARD, absl::Seconds(59));
  EXPECT_EQ(gang.Culprit(), -2);
}

TEST(HangJudge, GivesEachActivityItsOwnLimit) {
  const std::pair<v1::Activity, absl::Duration> limits[] = {
      {v1::ACTIVITY_INIT, absl::Minutes(3)},        {v1::ACTIVITY_OPENING_DATA, absl::Minutes(30)},
      {v1::ACTIVITY_DATA, absl::Minutes(30)},       {v1::ACTIVITY_FORWARD, absl::Minutes(1)},
      {v1::ACTIVITY_CHECKPOINT, absl::Minutes(15)}, {v1::ACTIVITY_SAVING, absl::Minutes(15)},
      {v1::ACTIVITY_EVAL, absl::Hours(2)},          {v1::ACTIVITY_UNSPECIFIED, absl::Minutes(1)}};
  for (const auto& [activity, limit] : limits) {
    Gang gang(2);
    gang.Is(1, kCollective, absl::Hours(9));
    EXPECT_EQ(gang.Is(0, activity, limit).Culprit(), -2) << activity;
    EXPECT_EQ(gang.Is(0, activity, limit + absl::Seconds(1)).Culprit(), 0) << activity;
  }
}

TEST(HangJudge, NeverBlamesAnotherRankWhileOneSavesEvaluatesOrOpensItsData) {
  for (const v1::Activity busy :
       {v1::ACTIVITY_CHECKPOINT, v1::ACTIVITY_SAVING, v1::ACTIVITY_EVAL, v1::ACTIVITY_OPENING_DATA}) {
    Gang gang(2);
    gang.Is(0, busy, absl::Minutes(14));
    for (const v1::Activity other : {v1::ACTIVITY_COLLECTIVE, v1::ACTIVITY_FORWARD, v1::ACTIVITY_DATA}) {
      EXPECT_EQ(gang.Is(1, other, absl::Minutes(14)).Culprit(), -2) << busy << " " << other;
    }
  }
}

TEST(HangJudge, BlamesNobodyWhereAllStandStill) {
  Gang gang(2);
  EXPECT_EQ(gang.Is(0, kCollective, absl::Seconds(61)).Is(1, kCollective, absl::Seconds(61)).Culprit(), -1);
  EXPECT_EQ(gang.Is(1, kCollective, absl::Seconds(59)).Culprit(), -2);
  gang.Is(0, v1::ACTIVITY_DATA, absl::Minutes(31)).Is(1, v1::ACTIVITY_DATA, absl::Minutes(32));
  EXPECT_EQ(gang.Culprit(), -1);
}

TEST(HangJudge, BlamesTheOnlyRankWhateverItDoes) {
  Gang gang(1);
  EXPECT_EQ(gang.Is(0, kCollective, absl::Seconds(61)).Culprit(), 0);
  EXPECT_EQ(gang.Is(0, v1::ACTIVITY_FORWARD, absl::Seconds(61)).Culprit(), 0);
}

TEST(HangJudge, BlamesTheOneThatStoppedFirst) {
  Gang gang(3);
  gang.Is(0, v1::ACTIVITY_FORWARD, absl::Minutes(2)).Is(1, v1::ACTIVITY_FORWARD, absl::Minutes(3));
  gang.Is(2, kCollective, absl::Minutes(2));
  EXPECT_EQ(gang.Culprit(), 1);
}

TEST(HangJudge, WaitsForARankToBeStartedAsLongAsForItsInit) {
  Gang gang(2);
  gang.view.starting = true;
  gang.Is(0, v1::ACTIVITY_INIT, absl::Minutes(2));
  gang.view.since_placed = absl::Minutes(3);
  EXPECT_EQ(gang.Culprit(), -2);
  gang.view.since_placed = absl::Minutes(3) + absl::Seconds(1);
  EXPECT_EQ(gang.Culprit(), 1);
  Gang none(2);
  none.view.starting = true;
  none.view.since_placed = absl::Minutes(4);
  EXPECT_EQ(none.Culprit(), -1);
}

TEST(HangJudge, LeavesARankThatNobodyHears) {
  Gang gang(2);
  gang.Is(0, kCollective, absl::Minutes(9)).Is(1, v1::ACTIVITY_FORWARD, absl::Minutes(9));
  gang.view.ranks[1].worker = v1::WORKER_STATE_UNKNOWN;
  EXPECT_EQ(gang.Culprit(), -2);
}

TEST(HangJudge, NeverJudgesWithoutALimit) {
  Gang gang(2);
  v1::Limits written;
  written.mutable_step()->set_seconds(0);
  StepTimes steps;
  steps.OnStep(0, v1::ACTIVITY_FORWARD, absl::ZeroDuration());
  steps.OnStep(1, v1::ACTIVITY_FORWARD, absl::Seconds(1));
  gang.view.limits = LimitsOf(WithDefaults(written), steps);
  gang.Is(0, kCollective, absl::Hours(99)).Is(1, v1::ACTIVITY_FORWARD, absl::Hours(99));
  EXPECT_EQ(gang.Culprit(), -2);
}

TEST(LimitsOf, TakesTheFirstStepsAtTheirOwnLimit) {
  EXPECT_EQ(LimitsOf(WithDefaults(v1::Limits()), {}).step, absl::Minutes(10));
  v1::Limits written;
  written.mutable_step()->set_seconds(90);
  EXPECT_EQ(LimitsOf(WithDefaults(written), {}).step, absl::Minutes(10));
  StepTimes steps;
  steps.OnStep(5, v1::ACTIVITY_FORWARD, absl::ZeroDuration());
  steps.OnStep(6, v1::ACTIVITY_FORWARD, absl::Seconds(1));
  EXPECT_EQ(LimitsOf(WithDefaults(written), steps).step, absl::Seconds(90));
}

// Makes steps that last so long.
class Steps {
 public:
  Steps() { times_.OnStep(0, v1::ACTIVITY_FORWARD, now_); }
  Steps& Take(int count, absl::Duration time) {
    for (int i = 0; i < count; ++i) times_.OnStep(++step_, v1::ACTIVITY_FORWARD, now_ += time);
    return *this;
  }
  Steps& Save(absl::Duration time) {
    times_.OnStep(step_, v1::ACTIVITY_CHECKPOINT, now_ += time);
    return *this;
  }
  absl::Duration Limit() const { return LimitsOf(WithDefaults(v1::Limits()), times_).step; }

 private:
  StepTimes times_;
  std::int64_t step_ = 0;
  absl::Duration now_;
};

TEST(LimitsOf, TakesAutoAsFiveSlowStepsAndAMinuteAtLeast) {
  EXPECT_EQ(Steps().Take(4, absl::Seconds(20)).Limit(), absl::Minutes(10)) << "too few were seen";
  EXPECT_EQ(Steps().Take(5, absl::Seconds(20)).Limit(), absl::Seconds(100));
  EXPECT_EQ(Steps().Take(5, absl::Seconds(2)).Limit(), absl::Seconds(60));
}

TEST(LimitsOf, ForgetsOldStepsAndOneSlowStepInAHundred) {
  EXPECT_EQ(Steps().Take(9, absl::Seconds(40)).Take(100, absl::Seconds(20)).Limit(), absl::Seconds(100));
  EXPECT_EQ(Steps().Take(50, absl::Seconds(20)).Take(1, absl::Minutes(9)).Take(49, absl::Seconds(20)).Limit(),
            absl::Seconds(100));
}

TEST(LimitsOf, CountsNoSaveAsPartOfAStep) {
  EXPECT_EQ(Steps().Take(6, absl::Seconds(20)).Save(absl::Minutes(9)).Take(1, absl::Seconds(20)).Limit(),
            absl::Seconds(100));
}

}  // namespace
}  // namespace simclr::coordinator
