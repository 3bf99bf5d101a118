// Random sequences of events, possible and impossible ones, through overlays that are nested, merged and
// dropped: they agree with a copy of the state that takes the events one by one, and the indexes with what
// they are made from.
#include <gtest/gtest.h>

#include <google/protobuf/util/time_util.h>

#include <random>

#include "common/job/proto_time.h"
#include "coordinator/state/cluster_state.h"
#include "coordinator/state/job_record.h"
#include "coordinator/state/overlay.h"
#include "tests/support/random_events.h"

namespace simclr::coordinator {
namespace {

constexpr int kSeeds = 60;
constexpr int kBatches = 25;

bool IsThereAndOpen(const JobPtr& job) {
  return job != nullptr && IsOpen(*job);
}

v1::Event Stamped(v1::Event event, std::int64_t revision, const Stamp& stamp) {
  event.set_revision(revision);
  event.set_actor("ann");
  *event.mutable_at() = ToProto(stamp.wall);
  *event.mutable_service_time() = ToProto(stamp.service);
  return event;
}

// A state's indexes, made anew from its records.
struct Indexes {
  explicit Indexes(const ClusterState& state) {
    v1::StateSnapshot snapshot;
    EXPECT_TRUE(snapshot.ParseFromString(state.Serialize()));
    for (const v1::JobCount& count : snapshot.ended()) counts[{count.kind(), count.phase()}] += count.count();
    for (const v1::JobRecord& record : snapshot.jobs()) {
      const v1::Job& job = record.job();
      by_revision[record.revision()] = job.id();
      by_name[job.spec().name()] = job.id();  // ids grow: the newest stays
      if (!job.spec().after().empty()) dependents[job.spec().after()].push_back(job.id());
      ++by_owner[job.owner()];
      ++counts[{job.spec().kind(), job.status().phase()}];
      const v1::AttemptRecord* live = LiveAttempt(record);
      if (live == nullptr) continue;
      for (const v1::RankRecord& rank : live->ranks()) {
        allocations[{rank.worker(), rank.slot()}] = job.id();
        on_worker[rank.worker()].insert(job.id());
      }
    }
    for (const v1::JobRecord& stub : snapshot.stubs()) stubs.insert(stub.job().id());
  }

  std::map<std::int64_t, std::string> by_revision;
  std::map<std::string, std::string> by_name;
  std::map<std::string, std::vector<std::string>> dependents;
  std::map<std::string, std::int64_t> by_owner;
  std::map<std::pair<v1::JobKind, v1::Phase>, std::int64_t> counts;
  std::map<SlotKey, std::string> allocations;
  std::map<std::string, std::set<std::string>> on_worker;
  std::set<std::string> stubs;
};

void ExpectSoundIndexes(const ClusterState& state) {
  Indexes indexes(state);
  EXPECT_EQ(state.by_revision(), indexes.by_revision);
  EXPECT_EQ(state.Counts(), indexes.counts);
  EXPECT_EQ(state.allocations(), indexes.allocations);
  for (const char* name : {"name-0", "name-1", "name-2"}) {
    const JobPtr job = state.FindOpenJobNamed(name);
    EXPECT_EQ(job == nullptr ? "" : job->job().id(), indexes.by_name[name]);
  }
  for (const char* owner : {"ann", "bob"}) EXPECT_EQ(state.open_jobs_of(owner), indexes.by_owner[owner]);
  for (const auto& [id, job] : state.jobs()) EXPECT_EQ(state.DependentsOf(id), indexes.dependents[id]);
  for (const std::string& id : indexes.stubs) {
    EXPECT_EQ(state.DependentsOf(id), indexes.dependents[id]);
    EXPECT_FALSE(indexes.dependents[id].empty()) << "the stub of " << id << " is named by nobody";
  }
  for (const char* worker : {"worker-1", "worker-2", "worker-3"}) {
    EXPECT_EQ(state.JobsOn(worker), indexes.on_worker[worker]);
  }
}

void ExpectSameAnswers(const StateReader& overlay, const ClusterState& state) {
  EXPECT_EQ(overlay.revision(), state.revision());
  EXPECT_EQ(overlay.last_job_id(), state.last_job_id());
  EXPECT_EQ(overlay.open_jobs(), state.open_jobs());
  for (const char* owner : {"ann", "bob"}) EXPECT_EQ(overlay.open_jobs_of(owner), state.open_jobs_of(owner));
  for (const auto& [id, job] : state.jobs()) {
    ASSERT_TRUE(IsThereAndOpen(overlay.FindJob(id))) << id;
    EXPECT_EQ(overlay.FindJob(id)->SerializeAsString(), job->SerializeAsString());
  }
  for (const auto& [name, worker] : state.workers()) {
    ASSERT_NE(overlay.FindWorker(name), nullptr);
    EXPECT_EQ(overlay.FindWorker(name)->SerializeAsString(), worker->SerializeAsString());
    for (int slot = 0; slot < 4; ++slot)
      EXPECT_EQ(overlay.HolderOf({name, slot}), state.HolderOf({name, slot}));
  }
}

class OverlayPropertyTest : public ::testing::TestWithParam<int> {
 protected:
  OverlayPropertyTest() : dice_(static_cast<std::uint64_t>(GetParam())), events_(dice_()) {}

  bool OneIn(int n) { return dice_() % static_cast<std::uint64_t>(n) == 0; }

  // Asks both and compares. What both take, `state` has then, too.
  void AddSome(Overlay& overlay, ClusterState& state) {
    for (int i = 0; i < 4; ++i) {
      const v1::Event event = events_.Next(overlay);
      const absl::Status applied = state.Apply(Stamped(event, state.revision() + 1, overlay.stamp()));
      const absl::Status added = overlay.Add(event, "ann");
      ASSERT_EQ(added.ok(), applied.ok()) << added << " / " << applied << "\n" << event.DebugString();
      (added.ok() ? taken_ : refused_) += 1;
    }
    ExpectSameAnswers(overlay, state);
  }

  // A part of a batch, with a part of its own in it.
  void AddPart(Overlay& batch, ClusterState& state) {
    Overlay part(batch, batch.stamp());
    ClusterState with_part = state;
    AddSome(part, with_part);
    if (OneIn(3)) AddPart(part, with_part);
    if (OneIn(3)) return;  // dropped
    batch.Merge(std::move(part));
    state = std::move(with_part);
  }

  std::mt19937_64 dice_;
  RandomEvents events_;
  int taken_ = 0, refused_ = 0;
};

TEST_P(OverlayPropertyTest, AgreesWithAStateThatTakesTheEventsOneByOne) {
  SCOPED_TRACE(testing::Message() << "seed " << GetParam());
  ClusterState state;
  ClusterState one_by_one;
  for (int i = 0; i < kBatches && !HasFailure(); ++i) {
    const Stamp stamp{absl::FromUnixSeconds(1000 + i), absl::Seconds(i)};
    Overlay batch(state, stamp);
    ClusterState with_batch = one_by_one;
    for (int part = 0; part < 4; ++part) AddPart(batch, with_batch);
    ExpectSameAnswers(batch, with_batch);
    if (OneIn(6)) continue;  // it could not be written
    for (const CheckedEvent& checked : batch.events()) state.Merge(checked.change);
    one_by_one = std::move(with_batch);
    const std::string bytes = state.Serialize();
    ASSERT_EQ(bytes, one_by_one.Serialize());
    ExpectSoundIndexes(state);
    const ClusterState parsed = ClusterState::Parse(bytes).value();
    EXPECT_EQ(parsed.Serialize(), bytes);
    ExpectSoundIndexes(parsed);
  }
  EXPECT_GT(taken_, kBatches);
  EXPECT_GT(refused_, kBatches);
}

INSTANTIATE_TEST_SUITE_P(Seeds, OverlayPropertyTest, ::testing::Range(1, kSeeds + 1));

}  // namespace
}  // namespace simclr::coordinator
