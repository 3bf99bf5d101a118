#include "coordinator/collect/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/job/proto_time.h"

namespace simclr::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kJob[] = "j-000000000001-aaaa";
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

// A job with the attempts 1 (nonce 11111111, ended two hours ago) and 2 (nonce 22222222, live).
class Plan : public ::testing::Test {
 protected:
  Plan() {
    record_.mutable_job()->set_id(kJob);
    record_.mutable_job()->mutable_status()->set_phase(v1::PHASE_RUNNING);
    AddAttempt("1111111100000000");
    *record_.mutable_attempts(0)->mutable_summary()->mutable_ended_at() = ToProto(kNow - absl::Hours(2));
    AddAttempt("2222222200000000");
  }

  void AddAttempt(const std::string& nonce) {
    v1::AttemptRecord& attempt = *record_.add_attempts();
    attempt.set_nonce(nonce);
    attempt.mutable_summary()->set_attempt(record_.attempts_size());
  }

  v1::Checkpoint& AddRow(int attempt, std::int64_t step, bool retired) {
    v1::Checkpoint& row = *record_.add_checkpoints();
    row.set_attempt(attempt);
    row.set_step(step);
    row.set_nonce(record_.attempts(attempt - 1).nonce());
    row.set_path(Path(absl::StrCat("a", attempt, "-", row.nonce().substr(0, 8), "-s", step)));
    row.set_retired(retired);
    return row;
  }

  void End(absl::Time at) {
    *record_.mutable_attempts(1)->mutable_summary()->mutable_ended_at() = ToProto(at);
    record_.mutable_job()->mutable_status()->set_phase(v1::PHASE_FAILED);
    *record_.mutable_job()->mutable_status()->mutable_ended_at() = ToProto(at);
  }

  static std::string Path(const std::string& name) { return absl::StrCat(kJob, "/checkpoints/", name); }

  CleanupPlan Of(const std::vector<std::string>& names) const {
    std::vector<DirectoryEntry> entries;
    for (const std::string& name : names) entries.push_back({name, true});
    return PlanCleanup(record_, {}, entries, kNow);
  }

  v1::JobRecord record_;
};

TEST_F(Plan, RemovesWhatIsRetiredAndNothingElseThatIsCommitted) {
  AddRow(1, 5, true);
  AddRow(1, 10, false);
  AddRow(2, 15, false);
  const CleanupPlan plan = Of({"a1-11111111-s10", "a1-11111111-s5", "a2-22222222-s15"});
  EXPECT_THAT(plan.remove, ElementsAre(Path("a1-11111111-s5")));
  EXPECT_THAT(plan.unknown, IsEmpty());
}

TEST_F(Plan, KeepsADirectoryThatAnotherRowStillNames) {
  AddRow(1, 5, true);
  AddRow(1, 10, false).set_path(Path("a1-11111111-s5"));
  EXPECT_THAT(Of({"a1-11111111-s5"}).remove, IsEmpty());
}

TEST_F(Plan, KeepsWhatTheLiveAttemptMayResumeFrom) {
  v1::Checkpoint& row = AddRow(1, 5, true);
  v1::CheckpointKey& key = *record_.mutable_attempts(1)->add_resume();
  key.set_attempt(1);
  key.set_step(5);
  key.set_nonce(row.nonce());
  EXPECT_THAT(Of({"a1-11111111-s5"}).remove, IsEmpty());
  record_.mutable_attempts(1)->mutable_summary()->mutable_running_at()->set_seconds(1);
  EXPECT_THAT(Of({"a1-11111111-s5"}).remove, ElementsAre(Path("a1-11111111-s5"))) << "it began anew";
}

TEST_F(Plan, RemovesAnHourAfterTheAttemptWhatItDidNotCommit) {
  EXPECT_THAT(Of({"a1-11111111-s5", "a1-11111111-s7.partial"}).remove,
              ElementsAre(Path("a1-11111111-s5"), Path("a1-11111111-s7.partial")));
  *record_.mutable_attempts(0)->mutable_summary()->mutable_ended_at() = ToProto(kNow - absl::Minutes(59));
  const CleanupPlan plan = Of({"a1-11111111-s5", "a1-11111111-s7.partial"});
  EXPECT_THAT(plan.remove, IsEmpty());
  EXPECT_EQ(plan.look_again, kNow + absl::Minutes(1));
}

TEST_F(Plan, LeavesALiveAttemptWhatItMayStillCommit) {
  EXPECT_THAT(Of({"a2-22222222-s5", "a2-22222222-s7.partial"}).remove, IsEmpty());
  AddRow(2, 6, false);
  EXPECT_THAT(Of({"a2-22222222-s5", "a2-22222222-s7", "a2-22222222-s8.partial"}).remove,
              ElementsAre(Path("a2-22222222-s5")))
      << "commits come in the order of steps";
}

TEST_F(Plan, ReportsAndLeavesWhatItDoesNotKnow) {
  const std::vector<std::string> names = {
      "a1-33333333-s5", "a1-s5", "a3-11111111-s5", "notes", "lost+found", "a1-33333333-s5.partial", "\xff\n"};
  const CleanupPlan plan = Of(names);
  EXPECT_THAT(plan.remove, IsEmpty());
  EXPECT_EQ(plan.unknown.size(), names.size());
  AddRow(1, 5, true);
  const CleanupPlan link = PlanCleanup(record_, {}, {{"a1-11111111-s5", false}}, kNow);
  EXPECT_THAT(link.remove, IsEmpty()) << "a link, or a file, was not written by a trainer";
  EXPECT_THAT(link.unknown, ElementsAre(Path("a1-11111111-s5")));
}

TEST_F(Plan, RemovesDraftsOfExportsAnHourAfterTheJob) {
  const std::vector<DirectoryEntry> own = {{"checkpoints", true},
                                           {"export", true},
                                           {"export.partial", true},
                                           {"mine.partial", true},
                                           {"logs", true}};
  EXPECT_THAT(PlanCleanup(record_, own, {}, kNow).remove, IsEmpty()) << "it runs";
  End(kNow - absl::Minutes(30));
  EXPECT_EQ(PlanCleanup(record_, own, {}, kNow).look_again, kNow + absl::Minutes(30));
  End(kNow - absl::Hours(1));
  const CleanupPlan plan = PlanCleanup(record_, own, {}, kNow);
  EXPECT_THAT(plan.remove, ElementsAre(absl::StrCat(kJob, "/export.partial")));
  EXPECT_THAT(plan.unknown, ElementsAre(absl::StrCat(kJob, "/mine.partial")));
}

}  // namespace
}  // namespace simclr::coordinator
