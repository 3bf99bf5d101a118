#pragma once

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "coordinator/store/ended_jobs.h"
#include "tests/support/journal_place.h"

namespace simclr::coordinator {

// What every EndedJobs promises. `Place` is a default-constructible JournalPlace.
template <typename Place>
class EndedJobsContract : public ::testing::Test {
 protected:
  // j-1 ... j-6, submitted a second apart, ended in the opposite order.
  void SetUp() override {
    Add("j-1", "alpha", "ann", v1::PHASE_SUCCEEDED, v1::JOB_KIND_PRETRAIN);
    Add("j-2", "alps", "bob", v1::PHASE_FAILED, v1::JOB_KIND_PRETRAIN);
    Add("j-3", "alpha", "ann", v1::PHASE_FAILED, v1::JOB_KIND_LINEAR_EVAL);
    Add("j-4", "beta", "ann", v1::PHASE_CANCELLED, v1::JOB_KIND_PRETRAIN);
    Add("j-5", "alp", "bob", v1::PHASE_SUCCEEDED, v1::JOB_KIND_LINEAR_EVAL);
    Add("j-6", "al_p%", "bob", v1::PHASE_FAILED, v1::JOB_KIND_PRETRAIN);
    ASSERT_TRUE(place_.Reopen().Append(batch_).ok());
  }

  void Add(const std::string& id, const std::string& name, const std::string& owner, v1::Phase phase,
           v1::JobKind kind) {
    const auto number = static_cast<std::int64_t>(batch_.ended.size()) + 1;
    auto record = std::make_shared<v1::JobRecord>();
    v1::Job& job = *record->mutable_job();
    job.set_id(id);
    job.set_owner(owner);
    job.mutable_spec()->set_name(name);
    job.mutable_spec()->set_kind(kind);
    job.mutable_status()->set_phase(phase);
    job.mutable_status()->mutable_submitted_at()->set_seconds(number);
    (*job.mutable_spec()->mutable_labels())["number"] = std::to_string(number);
    (*job.mutable_spec()->mutable_labels())["owner"] = owner;
    job.mutable_status()->mutable_ended_at()->set_seconds(1000 - number);
    record->mutable_ended_at()->set_seconds(100 - number);
    if (number == 2) job.mutable_spec()->mutable_retention()->set_seconds(10);
    record->set_revision(100 - number);
    batch_.ended.push_back(record);
  }

  std::vector<std::string> List(const JobFilter& filter, const JobRange& range = {}) {
    return Ids(place_.ended().List(filter, range).value());
  }

  static std::vector<std::string> Ids(const std::vector<JobPtr>& jobs) {
    std::vector<std::string> ids;
    for (const JobPtr& job : jobs) ids.push_back(job->job().id());
    return ids;
  }

  JournalBatch batch_;
  Place place_;
};

TYPED_TEST_SUITE_P(EndedJobsContract);

TYPED_TEST_P(EndedJobsContract, FindsAJobByItsId) {
  const JobPtr found = this->place_.ended().Find("j-4").value();
  ASSERT_NE(found, nullptr);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*found, *this->batch_.ended[3]));
  EXPECT_EQ(this->place_.ended().Find("j-7").value(), nullptr);
}

TYPED_TEST_P(EndedJobsContract, FindsTheNewestOfAName) {
  EXPECT_EQ(this->place_.ended().FindNewestNamed("alpha").value()->job().id(), "j-3");
  EXPECT_EQ(this->place_.ended().FindNewestNamed("gamma").value(), nullptr);
}

TYPED_TEST_P(EndedJobsContract, ListsByPagesInBothOrders) {
  using ::testing::ElementsAre;
  EXPECT_THAT(this->List({}, {"", 4, false}), ElementsAre("j-1", "j-2", "j-3", "j-4"));
  EXPECT_THAT(this->List({}, {"j-4", 4, false}), ElementsAre("j-5", "j-6"));
  EXPECT_THAT(this->List({}, {"", 2, true}), ElementsAre("j-6", "j-5"));
  EXPECT_THAT(this->List({}, {"j-5", 2, true}), ElementsAre("j-4", "j-3"));
}

TYPED_TEST_P(EndedJobsContract, ListsWhatEachConditionAllows) {
  using ::testing::ElementsAre;
  JobFilter filter;
  filter.kinds = {v1::JOB_KIND_LINEAR_EVAL};
  EXPECT_THAT(this->List(filter), ElementsAre("j-3", "j-5"));
  filter = {};
  filter.phases = {v1::PHASE_FAILED};
  EXPECT_THAT(this->List(filter), ElementsAre("j-2", "j-3", "j-6"));
  filter.phases.push_back(v1::PHASE_CANCELLED);
  EXPECT_THAT(this->List(filter), ElementsAre("j-2", "j-3", "j-4", "j-6"));
  filter = {};
  filter.name = "alp";
  EXPECT_THAT(this->List(filter), ElementsAre("j-5"));
  filter = {};
  filter.owner = "bob";
  EXPECT_THAT(this->List(filter), ElementsAre("j-2", "j-5", "j-6"));
  filter = {};
  filter.since = absl::FromUnixSeconds(2);
  filter.until = absl::FromUnixSeconds(4);
  EXPECT_THAT(this->List(filter), ElementsAre("j-2", "j-3"));
}

TYPED_TEST_P(EndedJobsContract, ListsJobsByLabelsAndByTheirEnd) {
  using ::testing::ElementsAre;
  JobFilter filter;
  filter.labels = {{"owner", "bob"}};
  EXPECT_THAT(this->List(filter), ElementsAre("j-2", "j-5", "j-6"));
  filter.labels = {{"number", "5"}, {"owner", "bob"}};
  EXPECT_THAT(this->List(filter), ElementsAre("j-5"));
  for (const auto& [key, value] :
       std::map<std::string, std::string>{{"number", ""}, {"umber", "5"}, {"none", "5"}}) {
    filter.labels = {{key, value}};
    EXPECT_THAT(this->List(filter), ElementsAre()) << key;
  }
  filter = {};
  filter.ended_before = absl::FromUnixSeconds(996);
  EXPECT_THAT(this->List(filter), ElementsAre("j-5", "j-6"));
}

TYPED_TEST_P(EndedJobsContract, NamesJobsWhoseTimeIsOver) {
  using ::testing::ElementsAre;
  EndedJobs& jobs = this->place_.ended();
  Expiry expiry;
  expiry.now = absl::Seconds(107);
  EXPECT_THAT(jobs.Expired(expiry, 10).value(), ElementsAre());
  expiry.now = absl::Seconds(108);
  EXPECT_THAT(jobs.Expired(expiry, 10).value(), ElementsAre("j-2"));
  expiry.ended_before = absl::Seconds(96);
  EXPECT_THAT(jobs.Expired(expiry, 10).value(), ElementsAre("j-2", "j-5", "j-6"));
  expiry.ended_before = -absl::InfiniteDuration();
  expiry.newest = 2;  // beside that one, which says itself how long it stays
  EXPECT_THAT(jobs.Expired(expiry, 10).value(), ElementsAre("j-2", "j-4", "j-5", "j-6"));
  EXPECT_THAT(jobs.Expired(expiry, 3).value(), ElementsAre("j-2", "j-4", "j-5"));
}

TYPED_TEST_P(EndedJobsContract, ForgetsADeletedJobWithTheEvent) {
  JournalBatch batch;
  batch.deleted = {"j-4", "j-none"};
  ASSERT_TRUE(this->place_.Reopen().Append(batch).ok());
  EXPECT_EQ(this->place_.ended().Find("j-4").value(), nullptr);
  EXPECT_EQ(this->List({}).size(), 5u);
}

TYPED_TEST_P(EndedJobsContract, TakesEachCharacterOfAPrefixAsItIs) {
  using ::testing::ElementsAre;
  JobFilter filter;
  filter.name_prefix = "alp";
  EXPECT_THAT(this->List(filter), ElementsAre("j-1", "j-2", "j-3", "j-5"));
  filter.name_prefix = "al_p%";
  EXPECT_THAT(this->List(filter), ElementsAre("j-6"));
}

TYPED_TEST_P(EndedJobsContract, ListsWhereAllConditionsHold) {
  using ::testing::ElementsAre;
  JobFilter filter;
  filter.owner = "ann";
  filter.phases = {v1::PHASE_FAILED};
  filter.kinds = {v1::JOB_KIND_LINEAR_EVAL, v1::JOB_KIND_PRETRAIN};
  filter.name_prefix = "al";
  EXPECT_THAT(this->List(filter, {"j-1", 10, false}), ElementsAre("j-3"));
  filter.name = "beta";
  EXPECT_THAT(this->List(filter), ElementsAre());
}

TYPED_TEST_P(EndedJobsContract, GivesJobsInTheOrderInWhichTheyEnded) {
  using ::testing::ElementsAre;
  EXPECT_THAT(this->Ids(this->place_.ended().EndedAfter(96, 2).value()), ElementsAre("j-3", "j-2"));
  EXPECT_THAT(this->Ids(this->place_.ended().EndedAfter(98, 2).value()), ElementsAre("j-1"));
}

REGISTER_TYPED_TEST_SUITE_P(EndedJobsContract, FindsAJobByItsId, FindsTheNewestOfAName,
                            ListsByPagesInBothOrders, ListsWhatEachConditionAllows,
                            ListsJobsByLabelsAndByTheirEnd, NamesJobsWhoseTimeIsOver,
                            ForgetsADeletedJobWithTheEvent, TakesEachCharacterOfAPrefixAsItIs,
                            ListsWhereAllConditionsHold, GivesJobsInTheOrderInWhichTheyEnded);

}  // namespace simclr::coordinator
