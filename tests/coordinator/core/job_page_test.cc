#include "coordinator/core/job_page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "absl/strings/str_format.h"
#include "common/job/proto_time.h"
#include "coordinator/core/page.h"

namespace simclr::coordinator {
namespace {

std::string Id(int number) {
  return absl::StrFormat("j-%012x-aaaa", number);
}

JobPtr Job(int number, v1::Phase phase = v1::PHASE_QUEUED, const std::string& owner = "ann") {
  auto record = std::make_shared<v1::JobRecord>();
  record->mutable_job()->set_id(Id(number));
  record->mutable_job()->set_owner(owner);
  record->mutable_job()->mutable_status()->set_phase(phase);
  return record;
}

std::vector<JobPtr> Jobs(const std::vector<int>& numbers, v1::Phase phase = v1::PHASE_QUEUED) {
  std::vector<JobPtr> jobs;
  for (const int number : numbers) jobs.push_back(Job(number, phase));
  return jobs;
}

std::vector<JobPtr> Ended(const std::vector<int>& numbers) {
  return Jobs(numbers, v1::PHASE_SUCCEEDED);
}

std::map<std::string, JobPtr> ById(const std::vector<JobPtr>& jobs) {
  std::map<std::string, JobPtr> by_id;
  for (const JobPtr& job : jobs) by_id[job->job().id()] = job;
  return by_id;
}

// "2q 3s": the number of each and the first letter of its phase.
std::string Text(const std::vector<JobPtr>& jobs) {
  std::string text;
  for (const JobPtr& job : jobs) {
    int number = 0;
    while (Id(number) != job->job().id()) ++number;
    const bool ended = job->job().status().phase() == v1::PHASE_SUCCEEDED;
    absl::StrAppendFormat(&text, "%s%d%s", text.empty() ? "" : " ", number, ended ? "s" : "q");
  }
  return text;
}

enum Order { kOldestFirst, kNewestFirst };

JobQuery Query(Order order, int page_size, const std::string& token = "") {
  v1::ListJobsRequest request;
  request.set_page_size(page_size);
  request.set_page_token(token);
  request.set_newest_first(order == kNewestFirst);
  return ReadQuery(request, "ann").value();
}

TEST(ReadQuery, RefusesPageSizesThatCannotBe) {
  for (const int size : {-1, kMaxPageSize + 1}) {
    v1::ListJobsRequest request;
    request.set_page_size(size);
    EXPECT_TRUE(absl::IsInvalidArgument(ReadQuery(request, "ann").status())) << size;
  }
}

TEST(ReadQuery, AsksForOneMoreThanThePageHolds) {
  EXPECT_EQ(Query(kOldestFirst, 0).range.limit, kDefaultPageSize + 1);
  EXPECT_EQ(Query(kOldestFirst, 1).range.limit, 2);
  EXPECT_EQ(Query(kOldestFirst, kMaxPageSize).range.limit, kMaxPageSize + 1);
}

TEST(ReadQuery, RefusesTokensThatAreNoJobId) {
  const std::string tokens[] = {"x", "j-1", Id(1) + "x", "my-job", std::string("j-\0", 3)};
  for (const std::string& token : tokens) {
    v1::ListJobsRequest request;
    request.set_page_token(token);
    const auto query = ReadQuery(request, "ann");
    EXPECT_TRUE(absl::IsInvalidArgument(query.status())) << token;
    EXPECT_NE(query.status().message().find("page_token"), std::string::npos) << query.status();
  }
  EXPECT_EQ(Query(kOldestFirst, 1, Id(7)).range.after, Id(7));
}

TEST(ReadQuery, TakesOverWhatIsAskedFor) {
  v1::ListJobsRequest request;
  request.set_name("exact");
  request.set_name_prefix("pre");
  request.set_owner("bob");
  request.add_kinds(v1::JOB_KIND_PRETRAIN);
  request.add_phases(v1::PHASE_QUEUED);
  (*request.mutable_labels())["team"] = "vision";
  *request.mutable_since() = ToProto(absl::FromUnixSeconds(10));
  *request.mutable_until() = ToProto(absl::FromUnixSeconds(20));
  request.set_newest_first(true);
  const JobQuery query = ReadQuery(request, "ann").value();
  EXPECT_EQ(query.filter.name, "exact");
  EXPECT_EQ(query.filter.name_prefix, "pre");
  EXPECT_EQ(query.filter.owner, "bob");
  EXPECT_EQ(query.filter.kinds, std::vector<v1::JobKind>({v1::JOB_KIND_PRETRAIN}));
  EXPECT_EQ(query.filter.phases, std::vector<v1::Phase>({v1::PHASE_QUEUED}));
  EXPECT_EQ(query.filter.labels.at("team"), "vision");
  EXPECT_EQ(query.filter.since, absl::FromUnixSeconds(10));
  EXPECT_EQ(query.filter.until, absl::FromUnixSeconds(20));
  EXPECT_TRUE(query.range.newest_first);
  request.set_mine(true);
  EXPECT_EQ(ReadQuery(request, "ann")->filter.owner, "ann") << "mine goes before owner";
}

TEST(ReadQuery, LooksAtEndedJobsOnlyWhereAPhaseMeansThem) {
  v1::ListJobsRequest request;
  EXPECT_TRUE(ReadQuery(request, "ann")->wants_ended);
  request.add_phases(v1::PHASE_QUEUED);
  EXPECT_FALSE(ReadQuery(request, "ann")->wants_ended);
  request.add_phases(v1::PHASE_FAILED);
  EXPECT_TRUE(ReadQuery(request, "ann")->wants_ended);
}

TEST(OpenJobs, StartsBeyondTheTokenInBothOrders) {
  const auto jobs = ById(Jobs({1, 2, 3, 4, 5}));
  EXPECT_EQ(Text(OpenJobs(jobs, Query(kOldestFirst, 10))), "1q 2q 3q 4q 5q");
  EXPECT_EQ(Text(OpenJobs(jobs, Query(kNewestFirst, 10))), "5q 4q 3q 2q 1q");
  EXPECT_EQ(Text(OpenJobs(jobs, Query(kOldestFirst, 10, Id(3)))), "4q 5q");
  EXPECT_EQ(Text(OpenJobs(jobs, Query(kNewestFirst, 10, Id(3)))), "2q 1q");
  EXPECT_EQ(Text(OpenJobs(jobs, Query(kOldestFirst, 10, Id(5)))), "");
  EXPECT_EQ(Text(OpenJobs(jobs, Query(kNewestFirst, 10, Id(1)))), "");
  EXPECT_EQ(Text(OpenJobs({}, Query(kNewestFirst, 10))), "");
}

TEST(OpenJobs, GoesOnWhereAJobOfTheTokenIsNoLongerThere) {
  const auto jobs = ById(Jobs({1, 2, 4, 5}));
  EXPECT_EQ(Text(OpenJobs(jobs, Query(kOldestFirst, 10, Id(3)))), "4q 5q");
  EXPECT_EQ(Text(OpenJobs(jobs, Query(kNewestFirst, 10, Id(3)))), "2q 1q");
}

TEST(OpenJobs, StopsOneBeyondThePage) {
  const auto jobs = ById(Jobs({1, 2, 3, 4, 5}));
  EXPECT_EQ(Text(OpenJobs(jobs, Query(kOldestFirst, 2))), "1q 2q 3q");
  EXPECT_EQ(Text(OpenJobs(jobs, Query(kNewestFirst, 2))), "5q 4q 3q");
}

TEST(OpenJobs, CountsOnlyWhatTheQueryMeans) {
  auto jobs = ById(Jobs({1, 3, 5}));
  for (const int number : {2, 4}) jobs[Id(number)] = Job(number, v1::PHASE_QUEUED, "bob");
  JobQuery query = Query(kOldestFirst, 1);
  query.filter.owner = "bob";
  EXPECT_EQ(Text(OpenJobs(jobs, query)), "2q 4q");
}

TEST(MergeJobs, KeepsTheOrderOfTheQuery) {
  EXPECT_EQ(Text(MergeJobs(Jobs({2, 5, 6}), Ended({1, 3, 4, 7}), Query(kOldestFirst, 10))),
            "1s 2q 3s 4s 5q 6q 7s");
  EXPECT_EQ(Text(MergeJobs(Jobs({6, 5, 2}), Ended({7, 4, 3, 1}), Query(kNewestFirst, 10))),
            "7s 6q 5q 4s 3s 2q 1s");
}

TEST(MergeJobs, GivesEitherListWhereTheOtherIsEmpty) {
  const JobQuery query = Query(kOldestFirst, 10);
  EXPECT_EQ(Text(MergeJobs(Jobs({1, 2}), {}, query)), "1q 2q");
  EXPECT_EQ(Text(MergeJobs({}, Ended({1, 2}), query)), "1s 2s");
  EXPECT_EQ(Text(MergeJobs({}, {}, query)), "");
}

TEST(MergeJobs, CountsAJobOfBothListsOnceAsEnded) {
  EXPECT_EQ(Text(MergeJobs(Jobs({1, 2, 3}), Ended({1, 2}), Query(kOldestFirst, 10))), "1s 2s 3q");
  EXPECT_EQ(Text(MergeJobs(Jobs({1, 2, 3}), Ended({2, 3}), Query(kOldestFirst, 10))), "1q 2s 3s");
  EXPECT_EQ(Text(MergeJobs(Jobs({3, 2, 1}), Ended({3, 2}), Query(kNewestFirst, 10))), "3s 2s 1q");
}

// A page of these jobs, each with a name of so many bytes.
v1::ListJobsResponse PageOf(const std::vector<JobPtr>& jobs, const JobQuery& query, std::size_t bytes = 0) {
  v1::ListJobsResponse response;
  const auto describe = [bytes](const v1::JobRecord& record) {
    v1::Job job = record.job();
    job.mutable_spec()->set_name(std::string(bytes, 'n'));
    return job;
  };
  FillPage(jobs, query, describe, response);
  return response;
}

TEST(FillPage, EndsAtThePageSizeAndHandsOutTheToken) {
  const v1::ListJobsResponse page = PageOf(Jobs({1, 2, 3}), Query(kOldestFirst, 2));
  ASSERT_EQ(page.jobs_size(), 2);
  EXPECT_EQ(page.jobs(1).id(), Id(2));
  EXPECT_EQ(page.next_page_token(), Id(2));
}

TEST(FillPage, HandsOutNoTokenWhereNothingFollows) {
  EXPECT_EQ(PageOf({}, Query(kOldestFirst, 2)).next_page_token(), "");
  const v1::ListJobsResponse page = PageOf(Jobs({1, 2}), Query(kOldestFirst, 2));
  EXPECT_EQ(page.jobs_size(), 2);
  EXPECT_EQ(page.next_page_token(), "");
}

TEST(FillPage, EndsBeforeItIsLargerThanAMebibyte) {
  const v1::ListJobsResponse page = PageOf(Jobs({1, 2, 3, 4}), Query(kOldestFirst, 10), 400'000);
  EXPECT_EQ(page.jobs_size(), 2);
  EXPECT_LE(page.ByteSizeLong(), kMaxPageBytes + 64);
  EXPECT_EQ(page.next_page_token(), Id(2));
}

TEST(FillPage, GivesAJobThatIsLargerByItself) {
  const v1::ListJobsResponse page = PageOf(Jobs({1, 2}), Query(kOldestFirst, 10), 2'000'000);
  EXPECT_EQ(page.jobs_size(), 1);
  EXPECT_EQ(page.next_page_token(), Id(1));
}

// All pages of a list, as a client follows the tokens.
std::string AllPages(Order order, int page_size) {
  const auto open = ById(Jobs({2, 5, 6, 9}));
  std::vector<JobPtr> ended = Ended({1, 3, 4, 6, 7, 8});
  if (order == kNewestFirst) std::reverse(ended.begin(), ended.end());
  std::string text, token;
  do {
    const JobQuery query = Query(order, page_size, token);
    std::vector<JobPtr> rest;
    for (const JobPtr& job : ended) {
      const std::string& id = job->job().id();
      const bool is_beyond = token.empty() || (order == kNewestFirst ? id < token : id > token);
      if (is_beyond && static_cast<std::int64_t>(rest.size()) < query.range.limit) rest.push_back(job);
    }
    const v1::ListJobsResponse page = PageOf(MergeJobs(OpenJobs(open, query), rest, query), query);
    EXPECT_LE(page.jobs_size(), page_size);
    for (const v1::Job& job : page.jobs()) text += job.id().substr(13, 1);
    token = page.next_page_token();
  } while (!token.empty());
  return text;
}

TEST(FillPage, GivesEveryJobOnceWhateverThePageSize) {
  for (const int page_size : {1, 2, 3, 5, 9, 10}) {
    EXPECT_EQ(AllPages(kOldestFirst, page_size), "123456789") << page_size;
    EXPECT_EQ(AllPages(kNewestFirst, page_size), "987654321") << page_size;
  }
}

}  // namespace
}  // namespace simclr::coordinator
