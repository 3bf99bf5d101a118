#include "coordinator/core/coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/session_refusal.h"
#include "tests/support/test_cluster.h"

namespace simclr::coordinator {
namespace {

class CoordinatorWorkersTest : public ::testing::Test {
 protected:
  // A job of one rank that runs on worker-1, whose process has the nonce 1 and the number 1.
  CoordinatorWorkersTest() : job_(cluster_.Submit(PretrainSpec("a"))) {
    for (int i = 0; i < 5; ++i) Beat();
    EXPECT_EQ(cluster_.PhaseOf(job_), v1::PHASE_RUNNING);
  }
  void Beat() {
    agent_.Beat(*cluster_);
    cluster_.Tick();
  }
  // What the process says next, with another number than the one that it was given.
  absl::StatusOr<v1::Desired> Claim(std::uint64_t incarnation) {
    v1::Observed observed = agent_.Report();
    observed.set_incarnation(incarnation);
    const absl::StatusOr<v1::Desired> desired = Observe(*cluster_, observed);
    cluster_.Tick();
    return desired;
  }

  TestCluster cluster_;
  FakeAgent agent_{"worker-1", 1};
  const std::string job_;
};

TEST_F(CoordinatorWorkersTest, AProcessThatShowsAHigherNumberInItsSessionGetsANewOneAndKeepsItsTrainers) {
  const absl::StatusOr<v1::Desired> desired = Claim(9);
  ASSERT_TRUE(desired.ok()) << desired.status();
  EXPECT_EQ(desired->incarnation(), 10u);
  ASSERT_EQ(desired->ranks_size(), 1);
  EXPECT_EQ(desired->ranks(0).attempt(), 1);
  agent_.Obey(*desired);
  cluster_.clock.Advance(absl::Seconds(2));
  Beat();
  EXPECT_EQ(cluster_.PhaseOf(job_), v1::PHASE_RUNNING);
  EXPECT_EQ(cluster_.StatusOf(job_).attempt(), 1);
}

TEST_F(CoordinatorWorkersTest, WhatItSentBeforeItHeardOfTheNewNumberIsStillItsOwn) {
  ASSERT_TRUE(Claim(9).ok());
  for (const std::uint64_t shown : {9, 1, 0}) {
    const absl::StatusOr<v1::Desired> desired = Claim(shown);
    ASSERT_TRUE(desired.ok()) << desired.status();
    EXPECT_EQ(desired->incarnation(), 10u) << "the same process registers once, whatever it shows";
  }
  EXPECT_EQ(cluster_.PhaseOf(job_), v1::PHASE_RUNNING);
}

TEST_F(CoordinatorWorkersTest, OrdersAreForTheProcessThatHoldsTheName) {
  EXPECT_EQ(cluster_->OrdersFor("worker-1").nonce, 1u);
  cluster_.clock.Advance(absl::Seconds(5));
  agent_.Restart();
  ASSERT_TRUE(Observe(*cluster_, agent_.Report()).ok());
  EXPECT_EQ(cluster_->OrdersFor("worker-1").nonce, 2u);
}

TEST_F(CoordinatorWorkersTest, AQuietProcessHearsNothingButIsHeard) {
  cluster_.clock.Advance(absl::Seconds(2));
  v1::Observed observed = agent_.Report();
  observed.set_quiet(true);
  EXPECT_TRUE(absl::IsCancelled(Observe(*cluster_, observed).status()));
  cluster_.clock.Advance(absl::Seconds(14));
  cluster_.Tick();
  EXPECT_EQ(cluster_.PhaseOf(job_), v1::PHASE_RUNNING) << "it was heard 14 s ago";
}

TEST_F(CoordinatorWorkersTest, AQuietProcessIsToldWhereItsNumberIsNoLongerItsOwn) {
  v1::Observed old = agent_.Report();
  old.set_quiet(true);
  cluster_.clock.Advance(absl::Seconds(5));
  agent_.Restart();
  ASSERT_TRUE(Observe(*cluster_, agent_.Report()).ok());
  EXPECT_EQ(SessionRefusalOf(Observe(*cluster_, old).status()), SessionRefusal::kReplaced);
}

TEST_F(CoordinatorWorkersTest, TakesTheNewsOfAnArchivedLogAlsoAfterTheJobsEnd) {
  const v1::ObservedRank rank = agent_.ranks().at(0);
  ASSERT_TRUE(agent_.Exit(*cluster_, rank, v1::FAILURE_CLASS_CONFIG_ERROR).ok());
  Beat();
  ASSERT_EQ(cluster_.PhaseOf(job_), v1::PHASE_FAILED);
  v1::LogArchivedRequest archived;
  archived.set_worker("worker-1");
  archived.set_job_id(job_);
  archived.set_attempt(1);
  archived.set_nonce(rank.nonce());
  archived.set_base_offset(4096);
  archived.set_bytes(1000);
  EXPECT_EQ(cluster_->LogArchived(archived), absl::OkStatus());
  const auto log = cluster_->archived_logs().Find({job_, 1, rank.nonce(), 0});
  ASSERT_TRUE(log.has_value());
  EXPECT_EQ(log->base_offset, 4096);
  EXPECT_EQ(log->bytes, 1000);
  v1::LogArchivedRequest strange = archived;
  strange.set_nonce("0b");
  EXPECT_TRUE(absl::IsFailedPrecondition(cluster_->LogArchived(strange)));
  strange = archived;
  strange.set_worker("worker-2");
  EXPECT_TRUE(absl::IsFailedPrecondition(cluster_->LogArchived(strange)));
}

}  // namespace
}  // namespace simclr::coordinator
