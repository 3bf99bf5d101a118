// What holds of every history of clusters and queues. A failure prints the seed.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "coordinator/policy/gang_scheduler.h"

namespace simclr::coordinator {
namespace {

constexpr v1::Device kDevices[] = {v1::DEVICE_CPU, v1::DEVICE_CUDA};

// A cluster as plain values, with two schedulers that are told the same in different orders: one decides in
// slices, the other at once. Every pass is checked against the plain values.
class Cluster {
 public:
  explicit Cluster(std::uint64_t seed) : dice_(seed) {}

  int Roll(int sides) { return static_cast<int>(dice_() % static_cast<std::uint64_t>(sides)); }

  void SetWorker(const std::string& name, int slots) {
    WorkerView& worker = workers_[name];
    worker.name = name;
    worker.incarnation += 1;
    const v1::Device device = Roll(3) == 0 ? v1::DEVICE_CUDA : v1::DEVICE_CPU;
    for (int i = static_cast<int>(worker.slots.size()); i < slots; ++i) {
      worker.slots.push_back({i, device, true, "", {}});
    }
    changed_.insert(name);
  }
  void ChangeWorker(const std::string& name) {
    WorkerView& worker = workers_.at(name);
    worker.intake = Roll(5) == 0 ? Intake::kClosed : Roll(5) == 0 ? Intake::kSilent : Intake::kOpen;
    for (SlotView& slot : worker.slots) slot.usable = Roll(8) > 0;
    changed_.insert(name);
  }
  void RemoveWorker(const std::string& name) {
    workers_.erase(name);
    changed_.insert(name);
  }
  std::string AnyWorker() {
    return std::next(workers_.begin(), Roll(static_cast<int>(workers_.size())))->first;
  }
  bool HasWorkers() const { return !workers_.empty(); }

  std::string Submit(int ranks, v1::Device device, int priority) {
    const std::string id = "j-" + std::to_string(++last_job_);
    const absl::Time order = now_ - absl::Minutes(Roll(3));
    queue_.Put({id, ranks, device, priority, order, now_, v1::REASON_EVALUATING, {}});
    return id;
  }
  void Cancel(const std::string& job) { queue_.Remove(job); }
  bool IsQueued(const std::string& job) const { return queue_.Find(job) != nullptr; }
  std::string AnyQueued() { return std::next(queue_.begin(), Roll(static_cast<int>(queue_.size())))->job_id; }
  std::size_t queued() const { return queue_.size(); }

  // Frees the slots of the jobs for which `has_ended` is true.
  template <typename Predicate>
  void End(Predicate has_ended) {
    for (auto& [name, worker] : workers_) {
      for (SlotView& slot : worker.slots) {
        if (slot.holder.empty() || !has_ended(slot.holder, slot.held_since)) continue;
        slot.holder.clear();
        if (changed_.count(name) > 0) continue;
        sliced_.Release(name, slot.index);
        whole_.Release(name, slot.index);
      }
    }
  }

  void Advance(absl::Duration duration) { now_ += duration; }
  absl::Time now() const { return now_; }
  const SlotPool& pool() const { return whole_; }

  void Pass() {
    TellChanges();
    SchedulingPass whole(options_, queue_, whole_, now_, SchedulingPass::Scope::kAll);
    const std::vector<GangDecision> decisions = whole.Step();
    ASSERT_TRUE(whole.done());
    ExpectSlicesDecideTheSame(decisions);
    Check(decisions);
  }

  // Nothing came free since the last pass: new requests alone, in slices, against all at once.
  void PassOverNew() {
    ASSERT_TRUE(changed_.empty());
    std::vector<GangDecision> parts;
    for (SchedulingPass pass(options_, queue_, sliced_, now_, SchedulingPass::Scope::kNew); !pass.done();) {
      for (GangDecision& decision : pass.Step(1 + Roll(4))) parts.push_back(std::move(decision));
    }
    const std::vector<GangDecision> decisions =
        SchedulingPass(options_, queue_, whole_, now_, SchedulingPass::Scope::kAll).Step();
    ExpectTheSame(parts, decisions);
    Check(decisions);
  }

 private:
  void Check(const std::vector<GangDecision>& decisions) {
    for (const GangDecision& decision : decisions) TakeGang(decision);
    ExpectNobodyPassedAJobOfItsSizeOrSmaller(decisions);
    for (const GangDecision& decision : decisions) Record(decision);
    for (const v1::Device device : kDevices) {
      ExpectCounts(device);
      ExpectTheFirstStarvingJobIsReservedFor(device);
    }
    for (const GangRequest& request : queue_) ExpectItHasToWait(request);
  }

  void TellChanges() {
    const auto tell = [this](SlotPool& pool, const std::string& name) {
      workers_.count(name) == 0 ? pool.RemoveWorker(name) : pool.SetWorker(workers_.at(name));
    };
    std::for_each(changed_.begin(), changed_.end(), [&](const std::string& name) { tell(sliced_, name); });
    std::for_each(changed_.rbegin(), changed_.rend(), [&](const std::string& name) { tell(whole_, name); });
    changed_.clear();
  }

  void ExpectSlicesDecideTheSame(const std::vector<GangDecision>& decisions) {
    std::vector<GangDecision> parts;
    for (SchedulingPass pass(options_, queue_, sliced_, now_, SchedulingPass::Scope::kAll); !pass.done();) {
      for (GangDecision& decision : pass.Step(1 + Roll(4))) parts.push_back(std::move(decision));
    }
    ExpectTheSame(parts, decisions);
  }

  static void ExpectTheSame(const std::vector<GangDecision>& parts,
                            const std::vector<GangDecision>& decisions) {
    ASSERT_EQ(parts.size(), decisions.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      EXPECT_EQ(std::tie(parts[i].job_id, parts[i].reason),
                std::tie(decisions[i].job_id, decisions[i].reason));
      EXPECT_EQ(Keys(parts[i].gang), Keys(decisions[i].gang));
    }
  }

  static std::vector<std::tuple<std::string, std::uint64_t, int>> Keys(const std::vector<RankSlot>& slots) {
    std::vector<std::tuple<std::string, std::uint64_t, int>> keys;
    for (const RankSlot& slot : slots) keys.emplace_back(slot.worker, slot.incarnation, slot.slot);
    return keys;
  }

  // Complete, on free usable slots of open workers, each given once.
  void TakeGang(const GangDecision& decision) {
    if (decision.gang.empty()) return;
    const GangRequest& request = *queue_.Find(decision.job_id);
    EXPECT_EQ(static_cast<int>(decision.gang.size()), request.ranks);
    EXPECT_EQ(decision.device, DeviceOf(request));
    for (const RankSlot& rank : decision.gang) {
      WorkerView& worker = workers_.at(rank.worker);
      SlotView& slot = worker.slots.at(static_cast<std::size_t>(rank.slot));
      EXPECT_EQ(worker.intake, Intake::kOpen);
      EXPECT_EQ(rank.incarnation, worker.incarnation);
      EXPECT_EQ(slot.device, decision.device);
      EXPECT_TRUE(slot.usable);
      EXPECT_EQ(slot.holder, "") << "of " << rank.worker << "/" << rank.slot;
      slot.holder = decision.job_id;
      slot.held_since = now_;
    }
  }

  void ExpectNobodyPassedAJobOfItsSizeOrSmaller(const std::vector<GangDecision>& decisions) {
    std::set<std::string> placed;
    for (const GangDecision& decision : decisions) {
      if (!decision.gang.empty()) placed.insert(decision.job_id);
    }
    std::map<v1::Device, int> smallest;  // that waits
    for (const GangRequest& request : queue_) {
      const auto found = smallest.emplace(DeviceOf(request), std::numeric_limits<int>::max()).first;
      if (placed.count(request.job_id) > 0) {
        EXPECT_LT(request.ranks, found->second) << request.job_id;
      } else {
        found->second = std::min(found->second, request.ranks);
      }
    }
  }

  void Record(const GangDecision& decision) {
    if (!decision.gang.empty()) return queue_.Remove(decision.job_id);
    GangRequest request = *queue_.Find(decision.job_id);
    EXPECT_NE(request.reason, decision.reason) << "no news";
    request.reason = decision.reason;
    queue_.Put(request);
  }

  SlotCounts Count(v1::Device device) const {
    SlotCounts counts;
    for (const auto& [name, worker] : workers_) {
      for (const SlotView& slot : worker.slots) {
        if (slot.device != device) continue;
        ++counts.present;
        if (!slot.usable || worker.intake == Intake::kClosed) continue;
        ++counts.usable;
        if (worker.intake != Intake::kOpen) continue;
        ++counts.open;
        if (!slot.holder.empty()) continue;
        ++counts.free;
        if (IsReserved(name, slot.index, device)) ++counts.kept;
      }
    }
    return counts;
  }

  bool IsReserved(const std::string& worker, int slot, v1::Device device) const {
    const std::optional<Reservation>& reservation = whole_.reservation(device);
    return reservation.has_value() &&
           std::any_of(reservation->slots.begin(), reservation->slots.end(),
                       [&](const RankSlot& r) { return r.worker == worker && r.slot == slot; });
  }

  v1::Device DeviceOf(const GangRequest& request) const {
    if (request.device != v1::DEVICE_AUTO) return request.device;
    return Count(v1::DEVICE_CUDA).present > 0 ? v1::DEVICE_CUDA : v1::DEVICE_CPU;
  }

  void ExpectCounts(v1::Device device) const {
    const SlotCounts expected = Count(device);
    const SlotCounts seen = whole_.Count(device);
    EXPECT_EQ(std::tie(seen.present, seen.usable, seen.open, seen.free, seen.kept),
              std::tie(expected.present, expected.usable, expected.open, expected.free, expected.kept));
  }

  void ExpectTheFirstStarvingJobIsReservedFor(v1::Device device) const {
    const SlotCounts slots = Count(device);
    const auto first = std::find_if(queue_.begin(), queue_.end(), [&](const GangRequest& request) {
      return DeviceOf(request) == device && now_ - request.queued_at >= options_.starvation_limit &&
             request.ranks <= slots.open;
    });
    if (first == queue_.end()) return;
    const std::optional<Reservation>& reservation = whole_.reservation(device);
    ASSERT_TRUE(reservation.has_value()) << first->job_id;
    EXPECT_EQ(reservation->job_id, first->job_id);
    const auto keys = Keys(reservation->slots);
    EXPECT_EQ(std::set(keys.begin(), keys.end()).size(), static_cast<std::size_t>(first->ranks));
    for (const RankSlot& slot : reservation->slots) {
      const WorkerView& worker = workers_.at(slot.worker);
      EXPECT_EQ(worker.intake, Intake::kOpen);
      EXPECT_TRUE(worker.slots.at(static_cast<std::size_t>(slot.slot)).usable);
    }
  }

  void ExpectItHasToWait(const GangRequest& request) const {
    const v1::Device device = DeviceOf(request);
    const SlotCounts slots = Count(device);
    EXPECT_EQ(request.reason,
              slots.usable < request.ranks ? v1::REASON_NO_SUCH_CAPACITY : v1::REASON_WAITING_FOR_CAPACITY);
    const std::optional<Reservation>& reservation = whole_.reservation(device);
    const bool behind = reservation.has_value() && GoesBefore()(*queue_.Find(reservation->job_id), request);
    EXPECT_LT(slots.free - (behind ? slots.kept : 0), request.ranks) << request.job_id;
  }

  std::mt19937_64 dice_;
  const SchedulerOptions options_;
  absl::Time now_ = absl::UnixEpoch();
  int last_job_ = 0;
  std::map<std::string, WorkerView> workers_;
  std::set<std::string> changed_;  // workers that the pools are not told of yet
  GangQueue queue_;
  SlotPool sliced_;
  SlotPool whole_;
};

class GangSchedulerProperty : public ::testing::TestWithParam<int> {};

TEST_P(GangSchedulerProperty, HoldsWhateverHappens) {
  SCOPED_TRACE(testing::Message() << "seed " << GetParam());
  Cluster cluster(static_cast<std::uint64_t>(GetParam()));
  for (int round = 0; round < 150 && !HasFailure(); ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    if (cluster.Roll(4) == 0) {
      cluster.SetWorker("w" + std::to_string(cluster.Roll(6)), 1 + cluster.Roll(5));
    }
    if (cluster.HasWorkers() && cluster.Roll(3) == 0) cluster.ChangeWorker(cluster.AnyWorker());
    if (cluster.HasWorkers() && cluster.Roll(12) == 0) cluster.RemoveWorker(cluster.AnyWorker());
    for (int i = cluster.Roll(5); i > 0; --i) {
      const v1::Device device = cluster.Roll(2) == 0 ? v1::DEVICE_AUTO : kDevices[cluster.Roll(2)];
      cluster.Submit(1 + cluster.Roll(cluster.Roll(3) == 0 ? 12 : 3), device, cluster.Roll(4) / 3);
    }
    if (cluster.queued() > 0 && cluster.Roll(5) == 0) cluster.Cancel(cluster.AnyQueued());
    cluster.End([&](const std::string&, absl::Time) { return cluster.Roll(4) == 0; });
    cluster.Advance(absl::Minutes(1));
    cluster.Pass();
    for (int i = cluster.Roll(4); i > 0; --i) {
      cluster.Submit(1 + cluster.Roll(4), kDevices[cluster.Roll(2)], cluster.Roll(4) / 3);
    }
    cluster.PassOverNew();
  }
}

// Whatever comes behind: the job starts when those are over that ran when its reservation began.
TEST_P(GangSchedulerProperty, StartsAReservedJobWhenTheJobsInItsWayHaveEnded) {
  SCOPED_TRACE(testing::Message() << "seed " << GetParam());
  Cluster cluster(static_cast<std::uint64_t>(GetParam()));
  const int workers = 1 + cluster.Roll(5);
  for (int i = 0; i < workers; ++i) cluster.SetWorker("w" + std::to_string(i), 2 + cluster.Roll(6));
  cluster.Pass();
  const v1::Device device = cluster.pool().Resolve(v1::DEVICE_AUTO);
  const int slots = cluster.pool().Count(device).open;
  constexpr int kLongestRun = 12, kStarvation = 10;  // minutes
  std::string big;
  for (int minute = 0; minute < 40 + kStarvation + kLongestRun && !HasFailure(); ++minute) {
    if (minute == 40) big = cluster.Submit(slots - cluster.Roll((slots + 1) / 2), device, 1);
    for (int i = 0; i < slots; ++i) cluster.Submit(1 + cluster.Roll(2), device, 0);
    cluster.End([&](const std::string& job, absl::Time since) {
      const auto run = static_cast<int>(std::hash<std::string>()(job) % kLongestRun) + 1;
      return job != big && cluster.now() - since >= absl::Minutes(run);
    });
    cluster.Pass();
    cluster.Advance(absl::Minutes(1));
  }
  cluster.End([&](const std::string& job, absl::Time since) {
    return job != big && cluster.now() - since >= absl::Minutes(kLongestRun);
  });
  cluster.Pass();
  EXPECT_FALSE(cluster.IsQueued(big));
}

INSTANTIATE_TEST_SUITE_P(Seeds, GangSchedulerProperty, ::testing::Range(1, 61));

}  // namespace
}  // namespace simclr::coordinator
