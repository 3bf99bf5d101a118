#include "worker/agent/control/desired_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/protocol.h"

namespace simclr::agent {
namespace {

using ::testing::HasSubstr;

v1::Desired Orders(std::int64_t term, std::int64_t sequence) {
  v1::Desired desired;
  desired.set_term(term);
  desired.set_sequence(sequence);
  desired.set_cluster_id("c");
  desired.set_holder(11);
  desired.set_incarnation(3);
  desired.set_protocol(kProtocol);
  return desired;
}

TEST(DesiredGate, DropsAnOlderSequenceOfASession) {
  DesiredGate gate("");
  EXPECT_TRUE(gate.Admit(Orders(1, 5)).ok());
  EXPECT_TRUE(absl::IsAborted(gate.Admit(Orders(1, 4))));
  EXPECT_TRUE(gate.Admit(Orders(1, 5)).ok());
}

TEST(DesiredGate, CountsTheOrdersOfEachSessionAnew) {
  DesiredGate gate("");
  EXPECT_TRUE(gate.Admit(Orders(1, 500)).ok());
  gate.OnSession();
  EXPECT_TRUE(gate.Admit(Orders(1, 1)).ok());
  EXPECT_TRUE(absl::IsAborted(gate.Admit(Orders(1, 0))));
}

TEST(DesiredGate, ObeysANewTermAndRefusesTheOldOne) {
  DesiredGate gate("c");
  EXPECT_TRUE(gate.Admit(Orders(1, 500)).ok());
  gate.OnSession();
  v1::Desired next = Orders(2, 1);
  next.set_holder(12);
  EXPECT_TRUE(gate.Admit(next).ok());
  gate.OnSession();
  EXPECT_TRUE(absl::IsAborted(gate.Admit(Orders(1, 501))));
  EXPECT_EQ(gate.term(), 2);
  EXPECT_EQ(gate.conflicts(), 0);
}

TEST(DesiredGate, RefusesASecondCoordinatorOfATermInEverySession) {
  DesiredGate gate("");
  EXPECT_TRUE(gate.Admit(Orders(1, 1)).ok());
  v1::Desired second = Orders(1, 2);
  second.set_holder(12);
  EXPECT_TRUE(absl::IsAborted(gate.Admit(second)));
  gate.OnSession();
  const absl::Status refused = gate.Admit(second);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("two coordinators run"));
  EXPECT_EQ(gate.conflicts(), 2);
  EXPECT_TRUE(gate.Admit(Orders(1, 1)).ok()) << "the first one stays the one";
}

TEST(DesiredGate, RefusesAnotherCluster) {
  DesiredGate gate("");
  EXPECT_TRUE(gate.Admit(Orders(1, 1)).ok());
  v1::Desired other = Orders(2, 1);
  other.set_cluster_id("other");
  EXPECT_TRUE(absl::IsFailedPrecondition(gate.Admit(other)));
  EXPECT_EQ(gate.cluster_id(), "c");
}

TEST(DesiredGate, LearnsItsIncarnationOnceASession) {
  DesiredGate gate("");
  EXPECT_EQ(gate.incarnation(), 0u);
  EXPECT_TRUE(gate.Admit(Orders(1, 1)).ok());
  EXPECT_EQ(gate.incarnation(), 3u);
  v1::Desired other = Orders(1, 2);
  other.set_incarnation(4);
  EXPECT_TRUE(absl::IsAborted(gate.Admit(other)));
  EXPECT_EQ(gate.incarnation(), 3u);
  gate.OnSession();
  EXPECT_TRUE(gate.Admit(other).ok()) << "a restored database may not know the old number";
  EXPECT_EQ(gate.incarnation(), 4u);
}

TEST(DesiredGate, DoesNotObeyACoordinatorThatKnowsNoProtocol) {
  DesiredGate gate("");
  v1::Desired old = Orders(1, 1);
  old.set_protocol(0);
  const absl::Status refused = gate.Admit(old);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("update the coordinator"));
}

}  // namespace
}  // namespace simclr::agent
