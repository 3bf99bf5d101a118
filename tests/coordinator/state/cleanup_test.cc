#include "coordinator/state/cleanup.h"

#include "tests/support/change_test_base.h"

namespace simclr::coordinator {
namespace {

using Condemned = std::map<std::string, std::string>;

const std::string kJob = "j-000000000001-aaaa";
const std::string kCheckpoint = kJob + "/checkpoints/a1-s5";

class CleanupTest : public ChangeTest {
 protected:
  void End(const std::string& id) {
    Apply(SubmittedEvent(id));
    Apply(JobEndedEvent(id, v1::PHASE_CANCELLED));
  }
};

TEST_F(CleanupTest, LeavesATombstoneOfADeletedJob) {
  End("j-1");
  v1::Event event = JobDeletedEvent("j-1", v1::PHASE_CANCELLED);
  event.set_actor("bob");
  Apply(event, 200);
  const TombstonePtr tombstone = state_.FindTombstone("j-1");
  ASSERT_NE(tombstone, nullptr);
  EXPECT_EQ(tombstone->job().name(), "name-of-j-1");
  EXPECT_EQ(tombstone->job().owner(), "ann");
  EXPECT_EQ(tombstone->job().deleted_by(), "bob");
  EXPECT_EQ(tombstone->job().deleted_at().seconds(), 200);
  EXPECT_EQ(tombstone->service_time().seconds(), 200);
  EXPECT_EQ(tombstone->revision(), state_.revision());
  EXPECT_EQ(tombstone->phase(), v1::PHASE_CANCELLED);
  EXPECT_TRUE(Ask(SubmittedEvent("j-2")).value().tombstones.empty());
}

TEST_F(CleanupTest, NoLongerCountsADeletedJob) {
  End("j-1");
  const std::pair<v1::JobKind, v1::Phase> kind(v1::JOB_KIND_PRETRAIN, v1::PHASE_CANCELLED);
  EXPECT_EQ(state_.Counts()[kind], 1);
  Apply(JobDeletedEvent("j-1", v1::PHASE_CANCELLED));
  EXPECT_EQ(state_.Counts()[kind], 0);
}

TEST_F(CleanupTest, DeletesAJobThatEndedAndOnlyOnce) {
  Apply(SubmittedEvent("j-1"));
  ExpectRefused(JobDeletedEvent("j-1"), "job j-1 is open");
  Apply(JobEndedEvent("j-1", v1::PHASE_CANCELLED));
  ExpectRefused(JobDeletedEvent("j-1", v1::PHASE_RUNNING), "deleted in no last phase");
  ExpectRefused(JobDeletedEvent("j-2"), "there was no job j-2");
  Apply(JobDeletedEvent("j-1", v1::PHASE_CANCELLED));
  ExpectRefused(JobDeletedEvent("j-1", v1::PHASE_CANCELLED), "deleted twice");
}

TEST_F(CleanupTest, DeletesAJobThatAnOpenOneNames) {
  End("j-1");
  v1::Event next = SubmittedAfterEvent("j-2", "j-1");
  v1::JobRecord& stub = *next.mutable_job_submitted()->mutable_after();
  *stub.mutable_job() = SubmittedEvent("j-1").job_submitted().job();
  stub.mutable_job()->mutable_status()->set_phase(v1::PHASE_CANCELLED);
  Apply(next);
  ASSERT_NE(state_.FindJob("j-1"), nullptr) << "the stub is known";
  Apply(JobDeletedEvent("j-1", v1::PHASE_CANCELLED));
}

TEST_F(CleanupTest, ForgetsTombstonesAfterThirtyDays) {
  End("j-1");
  Apply(JobDeletedEvent("j-1", v1::PHASE_CANCELLED), 100);
  constexpr int kThirtyDays = 30 * 24 * 3600;
  Apply(SubmittedEvent("j-2"), 100 + kThirtyDays - 1);
  EXPECT_NE(state_.FindTombstone("j-1"), nullptr);
  Apply(SubmittedEvent("j-3"), 100 + kThirtyDays + 1);
  EXPECT_EQ(state_.FindTombstone("j-1"), nullptr);
}

TEST_F(CleanupTest, RemembersWhatIsCondemnedUntilItIsCollected) {
  Apply(FilesCondemnedEvent(kJob, {kCheckpoint, kJob + "/logs"}));
  EXPECT_EQ(state_.condemned(), (Condemned{{kCheckpoint, kJob}, {kJob + "/logs", kJob}}));
  EXPECT_TRUE(state_.IsCondemned(kCheckpoint));
  Apply(FilesCollectedEvent(kJob, {kCheckpoint}));
  EXPECT_EQ(state_.condemned(), (Condemned{{kJob + "/logs", kJob}}));
}

TEST_F(CleanupTest, CondemnsAndCollectsAPathOnce) {
  ExpectRefused(FilesCondemnedEvent(kJob, {kCheckpoint, kCheckpoint}), "condemned twice");
  ExpectRefused(FilesCollectedEvent(kJob, {kCheckpoint}), "was not condemned");
  Apply(FilesCondemnedEvent(kJob, {kCheckpoint}));
  ExpectRefused(FilesCondemnedEvent(kJob, {kCheckpoint}), "condemned twice");
  Apply(FilesCollectedEvent(kJob, {kCheckpoint}));
  ExpectRefused(FilesCollectedEvent(kJob, {kCheckpoint}), "was not condemned");
}

TEST_F(CleanupTest, CondemnsNothingBeyondTheJobsDirectory) {
  for (const std::string& path :
       {std::string(), std::string("/"), kJob + "/", kJob + "/..", kJob + "/./x", "/" + kJob, kJob + "x",
        std::string("j-000000000002-aaaa/logs"), kJob + "/a" + std::string(1, '\0')}) {
    ExpectRefused(FilesCondemnedEvent(kJob, {path}), "is no directory of job " + kJob);
    EXPECT_FALSE(IsPathOfJob(path, kJob));
  }
  ExpectRefused(FilesCondemnedEvent("name", {"name/logs"}), "is no directory of job name");
  EXPECT_TRUE(IsPathOfJob(kJob, kJob));
}

TEST_F(CleanupTest, AdoptsNothingThatIsAboutToBeRemoved) {
  Apply(SubmittedEvent(kJob));
  const v1::Event adopted = AdoptedEvent(kJob, 10);
  Apply(FilesCondemnedEvent(kJob, {adopted.checkpoint_adopted().checkpoint().path()}));
  ExpectRefused(adopted, "about to be removed");
}

TEST_F(CleanupTest, LosesNothingInASnapshot) {
  End("j-1");
  Apply(JobDeletedEvent("j-1", v1::PHASE_CANCELLED));
  Apply(FilesCondemnedEvent(kJob, {kCheckpoint}));
  const ClusterState parsed = ClusterState::Parse(state_.Serialize()).value();
  EXPECT_EQ(parsed.Serialize(), state_.Serialize());
  EXPECT_NE(parsed.FindTombstone("j-1"), nullptr);
  EXPECT_TRUE(parsed.IsCondemned(kCheckpoint));
}

}  // namespace
}  // namespace simclr::coordinator
