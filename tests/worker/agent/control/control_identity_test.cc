// Who the agent is to its coordinator, and whose orders it obeys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "common/base/session_refusal.h"
#include "tests/support/control_test_base.h"

namespace simclr::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using ControlIdentity = ControlTest;

TEST_F(ControlIdentity, IsKnownByItsNonceUntilTheCoordinatorGaveItANumber) {
  const v1::Observed before = coordinator_.observed().back();
  EXPECT_EQ(before.incarnation(), 0u);
  EXPECT_EQ(before.nonce(), 70u);
  EXPECT_EQ(before.pid(), 700);
  EXPECT_EQ(before.protocol(), kProtocol);
  Want({Wanted()});
  Turn();
  EXPECT_EQ(coordinator_.observed().back().incarnation(), 7u) << "told at once";
  EXPECT_EQ(coordinator_.observed().back().nonce(), 70u);
  EXPECT_EQ(coordinator_.observed().back().ranks(0).nonce(), kNonce);
}

TEST_F(ControlIdentity, KeepsItsTrainersUnderANewNumber) {
  Want({Wanted(v1::ORDER_RUN)});
  control_.OnConnection(false);
  control_.OnConnection(true);
  v1::Desired restored = Orders({Wanted(v1::ORDER_RUN)});
  restored.set_incarnation(8);
  control_.OnDesired(restored);
  EXPECT_THAT(trainer().signals(), IsEmpty());
  trainer().Finish({0, 0});
  Turn();
  EXPECT_EQ(Exit().incarnation(), 8u);
}

TEST_F(ControlIdentity, StartsTheSameRankOfAnotherPlacement) {
  Want({Wanted()});
  v1::DesiredRank placed_again = Wanted();
  placed_again.set_nonce("0b");
  Want({placed_again});
  Turn();
  Turn();
  ASSERT_THAT(trainers_.trainers, SizeIs(2));
  EXPECT_NE(trainer(1).request.directory, trainer(0).request.directory);
}

TEST_F(ControlIdentity, ObeysOnlyTheFirstCoordinatorOfATerm) {
  Want({Wanted()});
  v1::Desired second = Orders({});
  second.set_holder(12);
  control_.OnDesired(second);
  control_.OnDesired(second);
  EXPECT_THAT(trainer().signals(), IsEmpty());
  EXPECT_EQ(control_.View().conflicts, 2);
}

TEST_F(ControlIdentity, KillsItsTrainersAndStartsNoOthersOnceItIsReplaced) {
  Want({Wanted(v1::ORDER_RUN)});
  trainer().IgnoreSignals();
  control_.OnConnection(false);
  control_.OnRefused(SessionRefusalStatus(SessionRefusal::kReplaced, "worker-1 is another process now"));
  Turn();
  EXPECT_TRUE(control_.status().replaced);
  EXPECT_FALSE(control_.status().left);
  EXPECT_THAT(trainer().signals(), ElementsAre(SIGTERM)) << "not drained: nobody takes what it would save";
  Want({Wanted(v1::ORDER_PREPARE, 2)});
  PassTime(absl::Seconds(7));
  EXPECT_THAT(trainer().signals(), ElementsAre(SIGTERM, SIGKILL));
  EXPECT_THAT(trainers_.trainers, SizeIs(1));
  control_.Leave();
  Turn();
  EXPECT_TRUE(control_.status().left);
}

TEST_F(ControlIdentity, KeepsItsTrainersThroughOtherRefusals) {
  Want({Wanted(v1::ORDER_RUN)});
  for (const SessionRefusal why : {SessionRefusal::kNameTaken, SessionRefusal::kProtocol}) {
    control_.OnRefused(SessionRefusalStatus(why, "not now"));
    Turn();
    EXPECT_FALSE(control_.status().replaced);
    EXPECT_EQ(control_.status().refusal.message(), "not now");
  }
  EXPECT_THAT(trainer().signals(), IsEmpty());
  control_.OnConnection(true);
  Turn();
  EXPECT_TRUE(control_.status().refusal.ok());
}

TEST_F(ControlIdentity, RemembersItsCluster) {
  Want({});
  Turn();
  EXPECT_EQ(PosixFileSystem().Read(JoinPath(directory_ / "agent", kClusterIdName)).value_or(""), "c");
}

// What an earlier agent left to this one.
SpoolContents Inherited() {
  v1::ReportExitRequest exit;
  exit.set_job_id("j-1");
  exit.set_attempt(1);
  exit.set_nonce(kNonce);
  return {{{4, SpoolKind::kExit, exit.SerializeAsString()}}, 4, 0, {}};
}

class InheritingControl : public ControlTest {
 protected:
  InheritingControl() : ControlTest({}, Inherited(), absl::UnavailableError("away")) {}
};

TEST_F(InheritingControl, OpensItsSessionOnceWhatAnEarlierAgentLeftIsTold) {
  PassTime(absl::Seconds(60));
  EXPECT_FALSE(coordinator_.session_started());
  coordinator_.AnswerWith(absl::OkStatus());
  PassTime(absl::Seconds(6));
  EXPECT_EQ(coordinator_.exits().size(), 1u);
  EXPECT_TRUE(coordinator_.session_started());
}

TEST_F(InheritingControl, OpensItsSessionTenSecondsAfterTheCoordinatorAnsweredThoughItTakesNothing) {
  coordinator_.AnswerWith(absl::PermissionDeniedError("not yours"));
  PassTime(absl::Seconds(8));
  EXPECT_FALSE(coordinator_.session_started());
  PassTime(absl::Seconds(30));
  EXPECT_TRUE(coordinator_.session_started());
  EXPECT_FALSE(Troubles().empty()) << "it lies in quarantine";
}

TEST_F(ControlIdentity, KnowsWhenTheCoordinatorAnsweredLast) {
  EXPECT_EQ(control_.View().last_ack, std::nullopt);
  Want({});
  EXPECT_EQ(control_.View().last_ack, clock_.Now());
}

}  // namespace
}  // namespace simclr::agent
