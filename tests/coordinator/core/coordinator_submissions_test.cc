// Several jobs in one request, and requests that are repeated.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/submission.h"
#include "tests/support/test_cluster.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

v1::JobSpec EvalSpec(const std::string& name, const std::string& after) {
  v1::JobSpec spec;
  spec.set_name(name);
  spec.set_kind(v1::JOB_KIND_LINEAR_EVAL);
  spec.mutable_data()->set_source("synthetic:train=64");
  spec.mutable_data()->set_test("synthetic:test=64");
  spec.set_after(after);
  return spec;
}

v1::SubmitJobsRequest Pipeline(const std::string& request_id = "") {
  v1::SubmitJobsRequest request;
  request.set_request_id(request_id);
  *request.add_specs() = PretrainSpec("a");
  *request.add_specs() = EvalSpec("b", "a");
  return request;
}

TEST(SubmitMany, MakesAllJobsAndAnswersInBrief) {
  TestCluster cluster;
  const std::string earlier = cluster.Submit(PretrainSpec("a"));
  const auto answer = cluster->SubmitMany(Pipeline(), "ann");
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->jobs_size(), 2);
  EXPECT_EQ(answer->jobs(0).name(), "a");
  EXPECT_EQ(answer->jobs(0).phase(), v1::PHASE_QUEUED);
  EXPECT_EQ(answer->jobs(1).phase(), v1::PHASE_BLOCKED);
  const v1::Job b = cluster->GetJob(answer->jobs(1).id()).value();
  EXPECT_EQ(b.spec().after(), answer->jobs(0).id()) << "not the earlier job of that name, " << earlier;
  EXPECT_EQ(b.owner(), "ann");
}

TEST(SubmitMany, ComesAfterAJobThatIsThereAlready) {
  TestCluster cluster;
  const std::string there = cluster.Submit(PretrainSpec("there"));
  v1::SubmitJobsRequest request;
  *request.add_specs() = EvalSpec("b", "there");
  *request.add_specs() = EvalSpec("c", there);
  const auto answer = cluster->SubmitMany(request, "ann");
  ASSERT_TRUE(answer.ok()) << answer.status();
  for (const v1::SubmittedJob& job : answer->jobs()) {
    EXPECT_EQ(cluster->GetJob(job.id())->spec().after(), there);
  }
}

TEST(SubmitMany, MakesNoneWhereOneIsRefused) {
  TestCluster cluster;
  v1::SubmitJobsRequest request = Pipeline();
  request.mutable_specs(1)->mutable_data()->set_source("folder:/elsewhere");
  const auto refused = cluster->SubmitMany(request, "ann");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("job 'b' (2 of 2): data.source"));
  request = Pipeline();
  request.mutable_specs(1)->set_after("nobody");
  EXPECT_TRUE(absl::IsNotFound(cluster->SubmitMany(request, "ann").status()));
  EXPECT_TRUE(cluster->ListJobs({}).value().jobs().empty());
}

TEST(SubmitMany, CountsTheJobsOfTheRequestAgainstTheLimit) {
  TestCluster cluster;
  cluster.max_open_jobs = 3;
  cluster.Restart();
  ASSERT_TRUE(cluster->SubmitMany(Pipeline(), "ann").ok());
  const auto refused = cluster->SubmitMany(Pipeline(), "ann");
  EXPECT_TRUE(absl::IsResourceExhausted(refused.status())) << refused.status();
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("(2 of 2)"));
  EXPECT_EQ(cluster->ListJobs({}).value().jobs_size(), 2);
}

TEST(SubmitMany, ADryRunMakesNothing) {
  TestCluster cluster;
  v1::SubmitJobsRequest request = Pipeline("r");
  request.set_validate_only(true);
  const auto valid = cluster->SubmitMany(request, "ann");
  ASSERT_TRUE(valid.ok()) << valid.status();
  EXPECT_EQ(valid->jobs(1).name(), "b");
  EXPECT_EQ(valid->jobs(1).id(), "");
  EXPECT_TRUE(cluster->ListJobs({}).value().jobs().empty());
}

TEST(SubmitMany, RefusesNoneAndTooMuch) {
  TestCluster cluster;
  EXPECT_TRUE(absl::IsInvalidArgument(cluster->SubmitMany({}, "ann").status()));
  v1::SubmitJobsRequest large;
  while (large.ByteSizeLong() <= kMaxSubmitBytes) {
    v1::JobSpec& spec = *large.add_specs() = PretrainSpec(absl::StrCat("a", large.specs_size()));
    spec.mutable_data()->set_source(absl::StrCat("folder:/data/", std::string(4000, 'x')));
  }
  EXPECT_THAT(std::string(cluster->SubmitMany(large, "ann").status().message()), HasSubstr("split it"));
}

TEST(RepeatedRequests, OfSeveralJobsActOnce) {
  TestCluster cluster;
  const auto first = cluster->SubmitMany(Pipeline("r"), "ann").value();
  cluster.Restart();
  const auto again = cluster->SubmitMany(Pipeline("r"), "ann");
  ASSERT_TRUE(again.ok()) << again.status();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(again->jobs(i).id(), first.jobs(i).id());
  EXPECT_EQ(cluster->ListJobs({}).value().jobs_size(), 2);
  v1::SubmitJobsRequest other = Pipeline("r");
  other.mutable_specs(0)->set_name("c");
  other.mutable_specs(1)->set_after("c");
  EXPECT_TRUE(absl::IsAlreadyExists(cluster->SubmitMany(other, "ann").status()));
  EXPECT_TRUE(cluster->SubmitMany(Pipeline("r"), "bob").ok()) << "another's id is another one";
}

TEST(RepeatedRequests, AreAnsweredByWhatIsLeftOfADeletedJob) {
  TestCluster cluster;
  v1::SubmitJobRequest one = SubmitRequest(PretrainSpec("one"));
  one.set_request_id("one");
  const std::string id = cluster->Submit(one, "ann").value().id();
  v1::SubmitJobsRequest several;
  several.set_request_id("several");
  *several.add_specs() = PretrainSpec("x");
  const std::string other = cluster->SubmitMany(several, "ann").value().jobs(0).id();
  v1::DeleteJobsRequest deletion;
  for (const std::string& job : {id, other}) {
    ASSERT_TRUE(cluster.Cancel(job, absl::StrCat("c-", job)).ok());
    deletion.add_jobs(job);
  }
  const auto anybody = [](const std::string&, const std::string&) { return absl::OkStatus(); };
  ASSERT_TRUE(cluster->Delete(deletion, "ann", anybody).ok());
  const auto again = cluster->Submit(one, "ann");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->id(), id);
  EXPECT_EQ(again->spec().name(), "one");
  EXPECT_EQ(again->status().phase(), v1::PHASE_UNSPECIFIED);
  const auto both = cluster->SubmitMany(several, "ann");
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(both->jobs(0).id(), other);
  EXPECT_EQ(both->jobs(0).phase(), v1::PHASE_UNSPECIFIED);
  EXPECT_EQ(cluster.Cancel(id, absl::StrCat("c-", id)).value().id(), id);
  EXPECT_TRUE(absl::IsNotFound(cluster.Cancel(id, "new").status()));
}

TEST(RepeatedRequests, OfACancellationActOnce) {
  TestCluster cluster;
  const std::string a = cluster.Submit(PretrainSpec("a")), b = cluster.Submit(PretrainSpec("b"));
  ASSERT_TRUE(cluster.Cancel(a, "r").ok());
  EXPECT_EQ(cluster.Cancel(a, "r").value().status().phase(), v1::PHASE_CANCELLED);
  EXPECT_TRUE(absl::IsAlreadyExists(cluster.Cancel(b, "r").status()));
  EXPECT_EQ(cluster.PhaseOf(b), v1::PHASE_QUEUED);
}

}  // namespace
}  // namespace simclr::coordinator
