#include "coordinator/core/decisions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/job/proto_time.h"
#include "tests/support/test_cluster.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

// Workers with one slot each, whose trainers end as they are told.
class Excluding : public ::testing::Test {
 protected:
  void Start(int workers) {
    for (int i = 1; i <= workers; ++i) agents_.emplace_back("node-" + std::to_string(i), 1);
    Settle();
  }

  void Settle() {
    for (int i = 0; i < 3; ++i) {
      for (FakeAgent& agent : agents_) agent.Beat(*cluster_);
      cluster_.clock.Advance(absl::Milliseconds(1100));
      cluster_.Tick();
    }
  }

  std::string Submit(const std::string& name, int ranks = 1) {
    v1::JobSpec spec = PretrainSpec(name, ranks);
    spec.mutable_schedule()->set_max_restarts(1);
    const std::string job = cluster_.Submit(spec);
    Settle();
    return job;
  }

  FakeAgent* AgentOf(const std::string& job) {
    for (FakeAgent& agent : agents_) {
      for (const v1::ObservedRank& rank : agent.ranks()) {
        if (rank.job_id() == job) return &agent;
      }
    }
    return nullptr;
  }
  std::string WorkerOf(const std::string& job) {
    const FakeAgent* agent = AgentOf(job);
    return agent == nullptr ? "" : agent->name();
  }

  // Its trainer ends so, and the job's backoff is over.
  void Fail(const std::string& job, v1::FailureClass failure = v1::FAILURE_CLASS_HARDWARE) {
    FakeAgent& agent = *AgentOf(job);
    ASSERT_TRUE(agent.Exit(*cluster_, v1::ObservedRank(agent.ranks()[0]), failure, "ECC error").ok());
    for (int i = 0; i < 12; ++i) Settle();
  }

  v1::Slot SlotOf(const std::string& worker) {
    v1::ListWorkersRequest request;
    request.set_name(worker);
    return cluster_->ListWorkers(request).value().workers(0).slots(0);
  }

  TestCluster cluster_;
  std::deque<FakeAgent> agents_;
};

TEST_F(Excluding, AJobGoesElsewhereAfterAnErrorOfTheHardwareAndNobodyElseIsKeptAway) {
  Start(2);
  const std::string job = Submit("a");
  const std::string first = WorkerOf(job);
  Fail(job);
  EXPECT_NE(WorkerOf(job), first);
  EXPECT_EQ(cluster_.StatusOf(job).restarts(), 0);
  EXPECT_EQ(SlotOf(first).exclusion_reason(), "");
  EXPECT_EQ(WorkerOf(Submit("b")), first);
}

TEST_F(Excluding, ASecondSlotCountsAgainstTheJobAndExcludesNothing) {
  Start(3);
  const std::string job = Submit("a");
  Fail(job);
  const std::string second = WorkerOf(job);
  Fail(job);
  EXPECT_EQ(cluster_.StatusOf(job).restarts(), 1);
  Fail(job);
  EXPECT_EQ(cluster_.StatusOf(job).reason(), v1::REASON_RESTARTS_EXHAUSTED);
  EXPECT_EQ(SlotOf(second).exclusion_reason(), "");
}

TEST_F(Excluding, ASlotThatFailsTwoJobsIsExcludedForAWhileAlsoAfterARestart) {
  Start(2);
  const std::string a = Submit("a");
  const std::string bad = WorkerOf(a);
  Fail(a);
  const std::string b = Submit("b");
  ASSERT_EQ(WorkerOf(b), bad);
  Fail(b, v1::FAILURE_CLASS_HANG);
  EXPECT_TRUE(SlotOf(bad).has_excluded_until());
  EXPECT_THAT(SlotOf(bad).exclusion_reason(), HasSubstr(a + " (hardware), " + b + " (hang)"));
  cluster_.Restart();
  Settle();
  EXPECT_TRUE(SlotOf(bad).has_excluded_until());
  EXPECT_EQ(cluster_.StatusOf(b).reason(), v1::REASON_NODES_EXCLUDED);
  EXPECT_THAT(cluster_.StatusOf(b).message(), HasSubstr("excluded after failures: " + bad + "/0"));
  EXPECT_THAT(cluster_.StatusOf(b).message(), HasSubstr("this job failed on " + bad + "/0"));
  cluster_.clock.Advance(absl::Minutes(31));
  Settle();
  const std::string c = Submit("c");
  EXPECT_FALSE(SlotOf(bad).has_excluded_until());
  EXPECT_EQ(WorkerOf(c), bad);
}

TEST_F(Excluding, TheLastSlotIsNeverExcluded) {
  Start(1);
  const std::string a = Submit("a");
  Fail(a);
  (void)cluster_.Cancel(a, "ann");
  Settle();
  Settle();
  const std::string b = Submit("b");
  Fail(b);
  EXPECT_EQ(WorkerOf(b), "node-1");
  EXPECT_THAT(SlotOf("node-1").exclusion_reason(), HasSubstr("jobs failed there"));
  EXPECT_FALSE(SlotOf("node-1").has_excluded_until());
}

}  // namespace
}  // namespace simclr::coordinator
