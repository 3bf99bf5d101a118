// Coordinator: jobs that are forgotten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/core/coordinator.h"
#include "tests/support/test_cluster.h"

namespace simclr::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::Status Anybody(const std::string&, const std::string&) {
  return absl::OkStatus();
}

class Deletion : public ::testing::Test {
 protected:
  std::string Open(const std::string& name) { return cluster_.Submit(PretrainSpec(name)); }

  std::string Ended(const v1::JobSpec& spec) {
    const std::string id = cluster_.Submit(spec);
    EXPECT_TRUE(cluster_.Cancel(id).ok());
    cluster_.clock.Advance(absl::Seconds(1));
    return id;
  }
  std::string Ended(const std::string& name) { return Ended(PretrainSpec(name)); }

  static v1::DeleteJobsRequest Request(const std::vector<std::string>& jobs,
                                       const std::string& request_id = "") {
    v1::DeleteJobsRequest request;
    for (const std::string& job : jobs) request.add_jobs(job);
    request.set_request_id(request_id);
    return request;
  }

  absl::Status Delete(const std::vector<std::string>& jobs) {
    return cluster_->Delete(Request(jobs), "ann", Anybody).status();
  }

  static std::vector<std::string> Ids(const v1::PruneJobsResponse& response) {
    std::vector<std::string> ids;
    for (const v1::DeletedJob& job : response.jobs()) ids.push_back(job.id());
    return ids;
  }

  std::vector<std::string> Listed() {
    std::vector<std::string> ids;
    const v1::ListJobsResponse list = cluster_->ListJobs({}).value();
    for (const v1::Job& job : list.jobs()) ids.push_back(job.id());
    return ids;
  }

  TestCluster cluster_;
};

TEST_F(Deletion, ForgetsAnEndedJobButSaysWhoDeletedIt) {
  const std::string job = Ended("a"), other = Ended("b");
  ASSERT_EQ(cluster_->Delete(Request({job}), "ann", Anybody)->jobs(0).name(), "a");
  for (int restarts = 0; restarts < 2; ++restarts) {
    EXPECT_THAT(Listed(), ElementsAre(other));
    EXPECT_THAT(std::string(cluster_->GetJob(job).status().message()),
                HasSubstr("(a) was deleted by ann at 2"));
    EXPECT_TRUE(absl::IsNotFound(cluster_->GetJob("a").status()));
    EXPECT_TRUE(absl::IsNotFound(Delete({job})));
    const auto counts = cluster_->View(absl::ZeroDuration()).job_counts;
    EXPECT_EQ(counts.at({v1::JOB_KIND_PRETRAIN, v1::PHASE_CANCELLED}), 1);
    cluster_.Restart();
  }
}

TEST_F(Deletion, DeletesAllOrNone) {
  const std::string ended = Ended("a"), open = Open("b");
  const absl::Status status = Delete({ended, open});
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("has not ended; cancel it first"));
  EXPECT_EQ(Listed().size(), 2u);
  EXPECT_TRUE(absl::IsNotFound(Delete({ended, "j-000000000001-aaaa"})));
  EXPECT_TRUE(absl::IsInvalidArgument(Delete({})));
  EXPECT_TRUE(absl::IsInvalidArgument(Delete({"a"})));
  EXPECT_TRUE(absl::IsInvalidArgument(Delete({ended, ended})));
  EXPECT_EQ(Listed().size(), 2u);
}

TEST_F(Deletion, AsksWhetherTheCallerMay) {
  const std::string job = Ended("a");
  const auto only_bob = [](const std::string& owner, const std::string& id) {
    return owner == "bob" ? absl::OkStatus() : absl::PermissionDeniedError(id + " belongs to " + owner);
  };
  EXPECT_EQ(cluster_->Delete(Request({job}), "bob", only_bob).status(),
            absl::PermissionDeniedError(job + " belongs to ann"));
  EXPECT_THAT(Listed(), ElementsAre(job));
}

TEST_F(Deletion, SparesWhatAnOpenJobNeedsUnlessForced) {
  const std::string start = Ended("start");
  v1::JobSpec spec = PretrainSpec("user");
  spec.mutable_model()->set_init("/data/artifacts/" + start + "/export");
  const std::string user = cluster_.Submit(spec);
  const absl::Status status = Delete({start});
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("is needed by " + user));
  v1::DeleteJobsRequest forced = Request({start});
  forced.set_force(true);
  EXPECT_TRUE(cluster_->Delete(forced, "ann", Anybody).ok());
  EXPECT_TRUE(cluster_.Cancel(user).ok());
  const std::string next = Ended("next");
  EXPECT_TRUE(Delete({next}).ok());
  EXPECT_TRUE(absl::IsNotFound(cluster_->Submit(SubmitRequest(spec), "ann").status()))
      << "it names what is deleted";
}

TEST_F(Deletion, ARepeatedRequestGetsTheSameAnswer) {
  const std::string job = Ended("a"), other = Ended("b");
  const auto first = cluster_->Delete(Request({job}, "r1"), "ann", Anybody).value();
  cluster_.clock.Advance(absl::Hours(2));
  cluster_.Restart();
  const std::int64_t revision = cluster_->revision();
  EXPECT_EQ(cluster_->Delete(Request({job}, "r1"), "ann", Anybody)->SerializeAsString(),
            first.SerializeAsString());
  EXPECT_EQ(cluster_->revision(), revision);
  EXPECT_TRUE(absl::IsAlreadyExists(cluster_->Delete(Request({other}, "r1"), "ann", Anybody).status()));
}

TEST_F(Deletion, TellsThoseWhoWatch) {
  const std::string job = Ended("a");
  const std::int64_t before = cluster_->revision();
  ASSERT_TRUE(Delete({job}).ok());
  const auto changes = cluster_->ChangedJobs(before).value().changes;
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_TRUE(changes[0].deleted());
  EXPECT_EQ(changes[0].job().id(), job);
  EXPECT_EQ(changes[0].job().spec().name(), "a");
  EXPECT_THAT(cluster_->ChangedJobs(0).value().changes, IsEmpty()) << "who begins wants what is there";
}

TEST_F(Deletion, ForgetsTombstonesAfterThirtyDaysOfServiceTime) {
  const std::string job = Ended("a");
  ASSERT_TRUE(Delete({job}).ok());
  cluster_.clock.Advance(absl::Hours(30 * 24 - 1));
  Open("b");
  EXPECT_THAT(std::string(cluster_->GetJob(job).status().message()), HasSubstr("was deleted"));
  cluster_.clock.Advance(absl::Hours(2));
  Open("c");
  EXPECT_THAT(std::string(cluster_->GetJob(job).status().message()), HasSubstr("there is no job"));
  ASSERT_TRUE(cluster_->Snapshot().ok());
  cluster_.Restart();
  EXPECT_EQ(Listed().size(), 2u);
}

TEST_F(Deletion, PrunesWhatEndedLongAgoButTheNewest) {
  const std::string a = Ended("a"), b = Ended("b"), c = Ended("c");
  cluster_.clock.Advance(absl::Hours(48));
  const std::string d = Ended("d"), open = Open("e");
  v1::PruneJobsRequest request;
  *request.mutable_older_than() = ToProto(absl::Hours(24));
  request.set_dry_run(true);
  EXPECT_THAT(Ids(cluster_->Prune(request, "ann").value()), ElementsAre(c, b, a));
  request.set_keep(2);
  EXPECT_THAT(Ids(cluster_->Prune(request, "ann").value()), ElementsAre(b, a)) << "d and c are the newest";
  EXPECT_EQ(Listed().size(), 5u);
  request.set_dry_run(false);
  EXPECT_THAT(Ids(cluster_->Prune(request, "ann").value()), ElementsAre(b, a));
  EXPECT_THAT(Listed(), ElementsAre(c, d, open));
  request.set_keep(10);
  EXPECT_THAT(Ids(cluster_->Prune(request, "ann").value()), IsEmpty());
}

TEST_F(Deletion, PrunesByPagesOnceEach) {
  std::vector<std::string> jobs;
  for (int i = 0; i < 5; ++i) jobs.push_back(Ended("a"));
  v1::PruneJobsRequest request;
  request.mutable_filter()->set_page_size(2);
  request.set_keep(1);
  std::vector<int> pages;
  for (int page = 1; page == 1 || !request.filter().page_token().empty(); ++page) {
    request.set_request_id("r" + std::to_string(page));
    const v1::PruneJobsResponse pruned = cluster_->Prune(request, "ann").value();
    EXPECT_EQ(cluster_->Prune(request, "ann")->SerializeAsString(), pruned.SerializeAsString()) << "repeated";
    pages.push_back(pruned.jobs_size());
    request.mutable_filter()->set_page_token(pruned.next_page_token());
  }
  EXPECT_THAT(pages, ElementsAre(2, 2));
  EXPECT_THAT(Listed(), ElementsAre(jobs.back()));
}

TEST_F(Deletion, DeletesJobsWhoseRetentionIsOver) {
  v1::JobSpec brief = PretrainSpec("brief");
  brief.mutable_retention()->set_seconds(3600);
  const std::string gone = Ended(brief), kept = Ended("kept");
  EXPECT_EQ(cluster_->DeleteExpired({}).value(), 0);
  cluster_.clock.JumpWall(absl::Hours(1000));
  EXPECT_EQ(cluster_->DeleteExpired({}).value(), 0) << "a clock that is set moves no service time";
  cluster_.clock.Advance(absl::Hours(1));
  EXPECT_EQ(cluster_->DeleteExpired({}).value(), 1);
  EXPECT_THAT(Listed(), ElementsAre(kept));
  EXPECT_THAT(std::string(cluster_->GetJob(gone).status().message()),
              HasSubstr("was deleted by coordinator"));
  KeepEndedJobs keep;
  keep.age = absl::Hours(1);
  EXPECT_EQ(cluster_->DeleteExpired(keep).value(), 1);
}

TEST_F(Deletion, KeepsSoManyEndedJobsAndThoseThatOpenOnesNeed) {
  const std::string needed = Ended("needed");
  v1::JobSpec spec = PretrainSpec("user");
  spec.mutable_model()->set_init("/data/" + needed + "/export");
  const std::string user = cluster_.Submit(spec);
  const std::string b = Ended("b"), c = Ended("c");
  KeepEndedJobs keep;
  keep.number = 1;
  EXPECT_EQ(cluster_->DeleteExpired(keep).value(), 1);
  EXPECT_THAT(Listed(), ElementsAre(needed, user, c));
}

TEST(ParseKeepEndedJobs, TakesAnAgeANumberOrBoth) {
  EXPECT_EQ(ParseKeepEndedJobs("90d")->age, absl::Hours(90 * 24));
  EXPECT_EQ(ParseKeepEndedJobs("10000")->number, 10000);
  const KeepEndedJobs both = ParseKeepEndedJobs("100,12h").value();
  EXPECT_EQ(both.number, 100);
  EXPECT_EQ(both.age, absl::Hours(12));
  for (const char* text : {"", "d", "90d,", "1,2", "1h,2h", "-5"})
    EXPECT_FALSE(ParseKeepEndedJobs(text).ok()) << text;
}

}  // namespace
}  // namespace simclr::coordinator
