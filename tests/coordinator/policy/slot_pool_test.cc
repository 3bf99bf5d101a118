#include "coordinator/policy/slot_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace simclr::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Time kStart = absl::UnixEpoch();

WorkerView Worker(const std::string& name, int slots, v1::Device device = v1::DEVICE_CPU) {
  WorkerView worker;
  worker.name = name;
  worker.incarnation = 7;
  for (int i = 0; i < slots; ++i) worker.slots.push_back({i, device, true, "", {}});
  return worker;
}

std::vector<std::string> Names(const std::vector<RankSlot>& slots) {
  std::vector<std::string> names;
  for (const RankSlot& slot : slots) names.push_back(slot.worker + "/" + std::to_string(slot.slot));
  return names;
}

std::vector<std::string> TakeGang(SlotPool& pool, int ranks) {
  return Names(pool.TakeGang(v1::DEVICE_CPU, ranks, "job", kStart));
}

std::vector<std::string> Reserve(SlotPool& pool, int ranks) {
  pool.Reserve(v1::DEVICE_CPU, ranks, "big");
  const auto& reservation = pool.reservation(v1::DEVICE_CPU);
  return reservation.has_value() ? Names(reservation->slots) : std::vector<std::string>{};
}

TEST(SlotPool, CountsSlotsByDevice) {
  SlotPool pool;
  pool.SetWorker(Worker("w", 2));
  pool.SetWorker(Worker("g", 3, v1::DEVICE_CUDA));
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).free, 2);
  EXPECT_EQ(pool.Count(v1::DEVICE_CUDA).free, 3);
}

TEST(SlotPool, CountsNoUnusableSlotAsCapacity) {
  SlotPool pool;
  WorkerView worker = Worker("w", 3);
  worker.slots[1].usable = false;
  pool.SetWorker(worker);
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).present, 3);
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).usable, 2);
  EXPECT_THAT(TakeGang(pool, 3), IsEmpty());
  EXPECT_THAT(TakeGang(pool, 2), ElementsAre("w/0", "w/2"));
}

TEST(SlotPool, CountsAHeldSlotAsCapacityThatIsNotFree) {
  SlotPool pool;
  pool.SetWorker(Worker("w", 2));
  pool.Take("w", 1, "job", kStart);
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).usable, 2);
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).free, 1);
  pool.Release("w", 1);
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).free, 2);
}

TEST(SlotPool, GivesNothingOfASilentWorkerButCountsItsCapacity) {
  SlotPool pool;
  WorkerView silent = Worker("w", 2);
  silent.intake = Intake::kSilent;
  pool.SetWorker(silent);
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).usable, 2);
  EXPECT_THAT(TakeGang(pool, 1), IsEmpty());
  EXPECT_THAT(Reserve(pool, 1), IsEmpty());
}

TEST(SlotPool, CountsNothingOfAClosedWorker) {
  SlotPool pool;
  WorkerView closed = Worker("w", 2);
  closed.intake = Intake::kClosed;
  pool.SetWorker(closed);
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).present, 2);
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).usable, 0);
  EXPECT_THAT(TakeGang(pool, 1), IsEmpty());
}

TEST(SlotPool, ForgetsARemovedWorker) {
  SlotPool pool;
  pool.SetWorker(Worker("w", 2));
  pool.RemoveWorker("w");
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).present, 0);
  EXPECT_THAT(TakeGang(pool, 1), IsEmpty());
}

TEST(SlotPool, IgnoresSlotsThatItDoesNotKnow) {
  SlotPool pool;
  pool.SetWorker(Worker("w", 1));
  pool.Take("w", 5, "job", kStart);
  pool.Release("other", 0);
  pool.RemoveWorker("other");
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).free, 1);
}

TEST(SlotPool, CountsASlotThatIsListedTwiceOnce) {
  SlotPool pool;
  WorkerView worker = Worker("w", 1);
  worker.slots.push_back(worker.slots[0]);
  pool.SetWorker(worker);
  EXPECT_THAT(TakeGang(pool, 2), IsEmpty());
}

TEST(SlotPool, TakesTheWorkerWithTheLeastRoomThatHoldsTheGang) {
  SlotPool pool;
  for (const auto& [name, slots] : {std::pair{"a", 8}, {"b", 2}, {"c", 3}})
    pool.SetWorker(Worker(name, slots));
  EXPECT_THAT(TakeGang(pool, 2), ElementsAre("b/0", "b/1"));
  EXPECT_THAT(TakeGang(pool, 2), ElementsAre("c/0", "c/1"));
  EXPECT_THAT(TakeGang(pool, 2), ElementsAre("a/0", "a/1"));
}

TEST(SlotPool, TakesTheFewestWorkersWhereOneIsNotEnough) {
  SlotPool pool;
  for (const auto& [name, slots] : {std::pair{"a", 1}, {"b", 4}, {"c", 2}})
    pool.SetWorker(Worker(name, slots));
  EXPECT_THAT(TakeGang(pool, 5), ElementsAre("b/0", "b/1", "b/2", "b/3", "a/0"));
}

TEST(SlotPool, NamesWorkersWithTheirIncarnation) {
  SlotPool pool;
  pool.SetWorker(Worker("w", 1));
  EXPECT_EQ(pool.TakeGang(v1::DEVICE_CPU, 1, "job", kStart)[0].incarnation, 7u);
}

TEST(SlotPool, ReservesTheSlotsWhoseHoldersStartedFirst) {
  SlotPool pool;
  pool.SetWorker(Worker("w", 4));
  for (int i = 0; i < 3; ++i) pool.Take("w", i, "job", kStart - absl::Minutes(i));
  EXPECT_THAT(Reserve(pool, 3), ElementsAre("w/3", "w/2", "w/1"));
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).kept, 1);
}

TEST(SlotPool, ReservesTheWorkerThatIsExpectedToHaveTheRoomFirst) {
  SlotPool pool;
  for (const char* name : {"a", "b"}) {
    pool.SetWorker(Worker(name, 3));
    for (int i = 0; i < 3; ++i) pool.Take(name, i, "job", kStart);
  }
  pool.Take("a", 0, "job", kStart - absl::Hours(1));
  pool.Take("b", 1, "job", kStart - absl::Minutes(2));
  pool.Take("b", 2, "job", kStart - absl::Minutes(1));
  EXPECT_THAT(Reserve(pool, 2), ElementsAre("b/1", "b/2"));
}

TEST(SlotPool, ReservesTheFewestWorkersWhereOneIsNotEnough) {
  SlotPool pool;
  for (const auto& [name, slots] : {std::pair{"a", 1}, {"b", 2}, {"c", 4}, {"d", 3}}) {
    pool.SetWorker(Worker(name, slots));
    for (int i = 0; i < slots; ++i) pool.Take(name, i, "job", kStart);
  }
  pool.Take("d", 2, "job", kStart - absl::Minutes(1));
  EXPECT_THAT(Reserve(pool, 5), ElementsAre("c/0", "c/1", "c/2", "c/3", "d/2"));
}

TEST(SlotPool, KeepsReservedSlotsFromOthersUntilTheReservationEnds) {
  SlotPool pool;
  pool.SetWorker(Worker("w", 3));
  pool.Take("w", 0, "job", kStart);
  EXPECT_THAT(Reserve(pool, 2), ElementsAre("w/1", "w/2"));
  pool.Release("w", 0);
  EXPECT_THAT(TakeGang(pool, 2), IsEmpty());
  EXPECT_THAT(TakeGang(pool, 1), ElementsAre("w/0"));
  pool.Unreserve(v1::DEVICE_CPU);
  EXPECT_THAT(TakeGang(pool, 2), ElementsAre("w/1", "w/2"));
}

TEST(SlotPool, KeepsAReservedSlotThatComesFree) {
  SlotPool pool;
  pool.SetWorker(Worker("w", 1));
  pool.Take("w", 0, "job", kStart);
  Reserve(pool, 1);
  pool.Release("w", 0);
  EXPECT_THAT(TakeGang(pool, 1), IsEmpty());
}

TEST(SlotPool, KeepsReservedSlotsWhenTheirWorkerIsSetAgain) {
  SlotPool pool;
  pool.SetWorker(Worker("w", 2));
  Reserve(pool, 1);
  pool.SetWorker(Worker("w", 2));
  EXPECT_THAT(TakeGang(pool, 1), ElementsAre("w/1"));
  EXPECT_THAT(TakeGang(pool, 1), IsEmpty());
}

TEST(SlotPool, ReservesNothingWhereAllOpenWorkersAreTooSmall) {
  SlotPool pool;
  pool.SetWorker(Worker("w", 2));
  Reserve(pool, 2);
  EXPECT_THAT(Reserve(pool, 3), IsEmpty());
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).kept, 0);
}

TEST(SlotPool, TakesAutoAsCudaWhereASlotOfAWorkerThatIsThereIsOne) {
  SlotPool pool;
  pool.SetWorker(Worker("cpu", 4));
  EXPECT_EQ(pool.Resolve(v1::DEVICE_AUTO), v1::DEVICE_CPU);
  WorkerView gpu = Worker("gpu", 1, v1::DEVICE_CUDA);
  gpu.slots[0].usable = false;
  pool.SetWorker(gpu);
  EXPECT_EQ(pool.Resolve(v1::DEVICE_AUTO), v1::DEVICE_CUDA);
  EXPECT_EQ(pool.Resolve(v1::DEVICE_CPU), v1::DEVICE_CPU);
  pool.RemoveWorker("gpu");
  EXPECT_EQ(pool.Resolve(v1::DEVICE_AUTO), v1::DEVICE_CPU);
}

TEST(SlotPoolExclusion, LeavesOutASlotWhoseRecordWantsIt) {
  SlotPool pool;
  WorkerView worker;
  worker.name = "w";
  for (int i = 0; i < 3; ++i) worker.slots.push_back({i, v1::DEVICE_CPU, true, "", {}});
  worker.slots[1].excluded_until = absl::UnixEpoch();
  pool.SetWorker(worker);
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).usable, 2);
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).excluded_free, 1);
  const std::vector<RankSlot> gang = pool.TakeGang(v1::DEVICE_CPU, 2, "job", {});
  ASSERT_EQ(gang.size(), 2u);
  EXPECT_EQ(gang[0].slot, 0);
  EXPECT_EQ(gang[1].slot, 2);
  worker.slots[1].excluded_until = absl::InfinitePast();
  pool.SetWorker(worker);
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).usable, 3);
}

TEST(SlotPoolExclusion, EndsWhereTheOthersGo) {
  SlotPool pool;
  WorkerView one, two;
  one.name = "one";
  two.name = "two";
  one.slots.push_back({0, v1::DEVICE_CPU, true, "", {}});
  one.slots[0].excluded_until = absl::UnixEpoch();
  two.slots.push_back({0, v1::DEVICE_CPU, true, "", {}});
  pool.SetWorker(one);
  EXPECT_EQ(pool.Count(v1::DEVICE_CPU).usable, 1) << "it is the last one";
  pool.SetWorker(two);
  EXPECT_EQ(pool.TakeGang(v1::DEVICE_CPU, 1, "job", {})[0].worker, "two");
  pool.RemoveWorker("two");
  EXPECT_EQ(pool.TakeGang(v1::DEVICE_CPU, 1, "job", {})[0].worker, "one");
}

TEST(SlotPoolExclusion, LeavesNineTenthsAndTheLastSoundSlotWhateverHappens) {
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const auto below = [&random](int n) {
      return static_cast<int>(random() % static_cast<std::uint32_t>(n));
    };
    SlotPool pool;
    for (int round = 0; round < 200; ++round) {
      WorkerView worker;
      worker.name = "w" + std::to_string(below(8));
      worker.intake = below(6) == 0 ? Intake::kClosed : Intake::kOpen;
      for (int i = below(8); i >= 0; --i) {
        SlotView& slot = worker.slots.emplace_back();
        slot.index = i;
        slot.usable = below(3) > 0;
        if (below(2) == 0) slot.excluded_until = absl::UnixEpoch() + absl::Hours(below(3));
      }
      below(4) == 0 ? pool.RemoveWorker(worker.name) : pool.SetWorker(worker);
      const SlotCounts slots = pool.Count(v1::DEVICE_CPU);
      ASSERT_EQ(static_cast<int>(pool.excluded().size()), slots.excluded);
      ASSERT_LE(slots.excluded, std::max(1, slots.present / 10));
      ASSERT_TRUE(slots.excluded == 0 || slots.usable > 0);
    }
  }
}

TEST(SlotPoolBuilds, AGangIsOfOneBuild) {
  SlotPool pool;
  for (const char* name : {"a", "b", "c"}) {
    WorkerView worker;
    worker.name = name;
    worker.build = worker.name == "a" ? "old" : "new";
    for (int i = 0; i < 2; ++i) worker.slots.push_back({i, v1::DEVICE_CPU, true, "", {}});
    pool.SetWorker(worker);
  }
  EXPECT_THAT(pool.TakeGang(v1::DEVICE_CPU, 6, "job", {}), ::testing::IsEmpty());
  const std::vector<RankSlot> gang = pool.TakeGang(v1::DEVICE_CPU, 3, "job", {});
  ASSERT_EQ(gang.size(), 3u);
  for (const RankSlot& slot : gang) EXPECT_NE(slot.worker, "a");
  EXPECT_EQ(pool.TakeGang(v1::DEVICE_CPU, 2, "other", {})[0].worker, "a");
}

}  // namespace
}  // namespace simclr::coordinator
