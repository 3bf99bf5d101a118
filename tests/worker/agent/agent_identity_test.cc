// Who the agent is to its coordinator, and whose orders it obeys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "common/base/session_refusal.h"
#include "tests/support/agent_test_base.h"

namespace simclr::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using AgentIdentity = AgentTest;

TEST_F(AgentIdentity, IsKnownByItsNonceUntilTheCoordinatorGaveItANumber) {
  const v1::Observed before = coordinator_.observed().back();
  EXPECT_EQ(before.incarnation(), 0u);
  EXPECT_EQ(before.nonce(), 70u);
  EXPECT_EQ(before.pid(), 700);
  EXPECT_EQ(before.protocol(), kProtocol);
  Want({Wanted()});
  agent_.Tick();
  EXPECT_EQ(coordinator_.observed().back().incarnation(), 7u) << "told at once";
  EXPECT_EQ(coordinator_.observed().back().nonce(), 70u);
  EXPECT_EQ(coordinator_.observed().back().ranks(0).nonce(), kNonce);
}

TEST_F(AgentIdentity, KeepsItsTrainersUnderANewNumber) {
  Want({Wanted(v1::ORDER_RUN)});
  agent_.OnConnection(false);
  agent_.OnConnection(true);
  v1::Desired restored = Orders({Wanted(v1::ORDER_RUN)});
  restored.set_incarnation(8);
  agent_.OnDesired(restored);
  EXPECT_THAT(trainer().signals(), IsEmpty());
  trainer().Finish({0, 0});
  agent_.Tick();
  EXPECT_EQ(AwaitExit().incarnation(), 8u);
}

TEST_F(AgentIdentity, StartsTheSameRankOfAnotherPlacement) {
  Want({Wanted()});
  v1::DesiredRank placed_again = Wanted();
  placed_again.set_nonce("0b");
  Want({placed_again});
  agent_.Tick();
  agent_.Tick();
  ASSERT_THAT(launcher_.trainers, SizeIs(2));
  EXPECT_NE(trainer(1).request.directory, trainer(0).request.directory);
}

TEST_F(AgentIdentity, ObeysOnlyTheFirstCoordinatorOfATerm) {
  Want({Wanted()});
  v1::Desired second = Orders({});
  second.set_holder(12);
  agent_.OnDesired(second);
  agent_.OnDesired(second);
  EXPECT_THAT(trainer().signals(), IsEmpty());
  EXPECT_EQ(agent_.View().conflicts, 2);
}

TEST_F(AgentIdentity, KillsItsTrainersAndStartsNoOthersOnceItIsReplaced) {
  Want({Wanted(v1::ORDER_RUN)});
  trainer().IgnoreSignals();
  agent_.OnConnection(false);
  agent_.OnRefused(SessionRefusalStatus(SessionRefusal::kReplaced, "worker-1 is another process now"));
  EXPECT_TRUE(agent_.replaced());
  EXPECT_FALSE(agent_.left());
  EXPECT_THAT(trainer().signals(), ElementsAre(SIGTERM)) << "not drained: nobody takes what it would save";
  Want({Wanted(v1::ORDER_PREPARE, 2)});
  PassTime(absl::Seconds(7));
  EXPECT_THAT(trainer().signals(), ElementsAre(SIGTERM, SIGKILL));
  EXPECT_THAT(launcher_.trainers, SizeIs(1));
  agent_.Leave();
  EXPECT_TRUE(agent_.left());
}

TEST_F(AgentIdentity, KeepsItsTrainersThroughOtherRefusals) {
  Want({Wanted(v1::ORDER_RUN)});
  for (const SessionRefusal why : {SessionRefusal::kNameTaken, SessionRefusal::kProtocol}) {
    agent_.OnRefused(SessionRefusalStatus(why, "not now"));
    agent_.Tick();
    EXPECT_FALSE(agent_.replaced());
    EXPECT_EQ(agent_.refusal().message(), "not now");
  }
  EXPECT_THAT(trainer().signals(), IsEmpty());
  agent_.OnConnection(true);
  EXPECT_TRUE(agent_.refusal().ok());
}

TEST_F(AgentIdentity, RemembersItsCluster) {
  Want({});
  EXPECT_EQ(PosixFileSystem().Read(JoinPath(directory_ / "agent", kClusterIdName)).value_or(""), "c");
}

TEST_F(AgentIdentity, KnowsWhenTheCoordinatorAnsweredLast) {
  EXPECT_EQ(agent_.View().last_ack, std::nullopt);
  Want({});
  EXPECT_EQ(agent_.View().last_ack, clock_.Now());
}

}  // namespace
}  // namespace simclr::agent
