#include "coordinator/policy/gang_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simclr::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class GangScheduler : public ::testing::Test {
 protected:
  // The first `taken` slots are held, since longer on slots of a lower index.
  void AddWorker(const std::string& name, int slots, int taken = 0, v1::Device device = v1::DEVICE_CPU) {
    WorkerView worker;
    worker.name = name;
    for (int i = 0; i < slots; ++i) {
      const bool held = i < taken;
      worker.slots.push_back({i, device, true, held ? "old" : "", kNow - absl::Hours(1) + absl::Seconds(i)});
    }
    pool_.SetWorker(worker);
  }

  // Requests go in the order of the calls.
  void Queue(const std::string& job, int ranks, absl::Duration waiting = absl::Minutes(1), int priority = 0,
             v1::Device device = v1::DEVICE_AUTO) {
    const absl::Time order = absl::UnixEpoch() + absl::Seconds(static_cast<int>(queue_.size()));
    queue_.Put({job, ranks, device, priority, order, kNow - waiting, v1::REASON_UNSPECIFIED, {}});
  }

  static std::string Word(v1::Reason reason) {
    if (reason == v1::REASON_NO_SUCH_CAPACITY) return " too big";
    if (reason == v1::REASON_NODES_EXCLUDED) return " excluded";
    return reason == v1::REASON_VERSIONS_DIFFER ? " mixed" : " waits";
  }

  // "job: worker/slot ..." or "job: the reason", in order; placed jobs leave the queue.
  std::vector<std::string> Pass(SchedulingPass::Scope scope = SchedulingPass::Scope::kAll) {
    SchedulingPass pass({}, queue_, pool_, kNow, scope);
    return Record(pass.Step());
  }

  std::vector<std::string> Record(const std::vector<GangDecision>& news) {
    std::vector<std::string> lines;
    for (const GangDecision& decision : news) {
      std::string line = decision.job_id + ":";
      for (const RankSlot& slot : decision.gang) line += " " + slot.worker + "/" + std::to_string(slot.slot);
      if (decision.gang.empty()) {
        line += Word(decision.reason);
        GangRequest request = *queue_.Find(decision.job_id);
        request.reason = decision.reason;
        queue_.Put(request);
      } else {
        queue_.Remove(decision.job_id);
      }
      lines.push_back(line);
    }
    return lines;
  }

  const absl::Time kNow = absl::UnixEpoch() + absl::Hours(100);
  const absl::Duration kLong = absl::Minutes(10);  // the limit of starvation
  SlotPool pool_;
  GangQueue queue_;
};

TEST_F(GangScheduler, PlacesAllRanksOrNone) {
  AddWorker("w", 4, 2);
  Queue("a", 4);
  Queue("b", 2);
  EXPECT_THAT(Pass(), ElementsAre("a: waits", "b: w/2 w/3"));
}

TEST_F(GangScheduler, SaysThatAShapeCannotFit) {
  AddWorker("w", 2);
  Queue("a", 4);
  EXPECT_THAT(Pass(), ElementsAre("a: too big"));
}

TEST_F(GangScheduler, GoesByPriorityThenByOrder) {
  AddWorker("w", 2);
  Queue("old", 1);
  Queue("high", 1, absl::Minutes(1), 5);
  Queue("later-high", 1, absl::Minutes(1), 5);
  EXPECT_THAT(Pass(), ElementsAre("high: w/0", "later-high: w/1", "old: waits"));
}

TEST_F(GangScheduler, TellsAReasonOnlyWhenItIsAnotherOne) {
  AddWorker("w", 2, 2);
  Queue("a", 1);
  EXPECT_THAT(Pass(), ElementsAre("a: waits"));
  EXPECT_THAT(Pass(), IsEmpty());
  pool_.RemoveWorker("w");
  EXPECT_THAT(Pass(), ElementsAre("a: too big"));
}

TEST_F(GangScheduler, StartsASmallJobBesideOneThatOnlyAnUnusableSlotWouldLetFit) {
  WorkerView worker;
  worker.name = "node";
  for (int i = 0; i < 16; ++i) worker.slots.push_back({i, v1::DEVICE_CUDA, i != 3, "", {}});
  pool_.SetWorker(worker);
  Queue("sixteen", 16, absl::Hours(2));
  Queue("one", 1);
  EXPECT_THAT(Pass(), ElementsAre("sixteen: too big", "one: node/0"));
  EXPECT_FALSE(pool_.reservation(v1::DEVICE_CUDA).has_value());
}

TEST_F(GangScheduler, KeepsSlotsForAJobThatHasBeenQueuedForLong) {
  AddWorker("w", 4, 2);
  Queue("big", 4, kLong);
  Queue("small", 1);
  EXPECT_THAT(Pass(), ElementsAre("big: waits", "small: waits"));
  pool_.Release("w", 0);
  EXPECT_THAT(Pass(), IsEmpty());
  pool_.Release("w", 1);
  EXPECT_THAT(Pass(), ElementsAre("big: w/0 w/1 w/2 w/3"));
}

TEST_F(GangScheduler, KeepsNothingBeforeTheLimitOfStarvation) {
  AddWorker("w", 4, 2);
  Queue("big", 4, kLong - absl::Seconds(1));
  Queue("small", 1);
  EXPECT_THAT(Pass(), ElementsAre("big: waits", "small: w/2"));
}

TEST_F(GangScheduler, StartsTheJobOnAnySlotsThatAreEnough) {
  AddWorker("full", 4, 4);
  AddWorker("half", 4, 2);
  Queue("big", 4, kLong);
  Queue("small", 1);
  Queue("other", 1);
  EXPECT_THAT(Pass(), ElementsAre("big: waits", "small: waits", "other: waits")) << "half has the room first";
  AddWorker("new", 2);
  EXPECT_THAT(Pass(), ElementsAre("big: half/2 half/3 new/0 new/1"));
  AddWorker("extra", 1);
  EXPECT_THAT(Pass(), ElementsAre("small: extra/0"));
}

TEST_F(GangScheduler, GivesOtherFreeSlotsToTheJobsBehind) {
  AddWorker("a", 4, 3);
  AddWorker("b", 2, 1);
  Queue("big", 4, kLong);
  Queue("small", 1);
  EXPECT_THAT(Pass(), ElementsAre("big: waits", "small: b/1"));
}

TEST_F(GangScheduler, KeepsSlotsOfOneDeviceForOneJobOnly) {
  AddWorker("a", 2, 1);
  AddWorker("b", 3, 2);
  Queue("first", 3, kLong);
  Queue("second", 3, kLong);
  Queue("small", 1);
  EXPECT_THAT(Pass(), ElementsAre("first: waits", "second: waits", "small: a/1"));
  EXPECT_EQ(pool_.reservation(v1::DEVICE_CPU)->job_id, "first");
}

TEST_F(GangScheduler, KeepsSlotsForTheNextWhereNoOpenWorkersHoldTheFirst) {
  WorkerView silent;
  silent.name = "silent";
  silent.intake = Intake::kSilent;
  for (int i = 0; i < 2; ++i) silent.slots.push_back({i, v1::DEVICE_CPU, true, "", {}});
  pool_.SetWorker(silent);
  AddWorker("w", 2, 1);
  Queue("first", 4, kLong);
  Queue("second", 2, kLong);
  EXPECT_THAT(Pass(), ElementsAre("first: waits", "second: waits"));
  EXPECT_EQ(pool_.reservation(v1::DEVICE_CPU)->job_id, "second");
}

TEST_F(GangScheduler, LetsAHigherPriorityTakeKeptSlotsOnlyWhereNothingElseIsFree) {
  AddWorker("w", 4, 2);
  Queue("big", 4, kLong);
  Pass();
  AddWorker("x", 1);
  Queue("high", 1, absl::Minutes(1), 9);
  Queue("higher", 1, absl::Minutes(1), 10);
  EXPECT_THAT(Pass(), ElementsAre("higher: x/0", "high: w/2"));
  EXPECT_EQ(pool_.reservation(v1::DEVICE_CPU)->job_id, "big");
}

TEST_F(GangScheduler, EndsTheReservationOfAJobThatHasGone) {
  AddWorker("w", 4, 2);
  Queue("big", 4, kLong);
  Queue("small", 1);
  Pass();
  queue_.Remove("big");
  EXPECT_THAT(Pass(), ElementsAre("small: w/2"));
  EXPECT_FALSE(pool_.reservation(v1::DEVICE_CPU).has_value());
}

TEST_F(GangScheduler, EndsTheReservationOfAJobThatIsTooBigNow) {
  AddWorker("w", 4, 2);
  AddWorker("x", 1, 1);
  Queue("big", 5, kLong);
  Pass();
  pool_.RemoveWorker("x");
  EXPECT_THAT(Pass(), ElementsAre("big: too big"));
  EXPECT_FALSE(pool_.reservation(v1::DEVICE_CPU).has_value());
}

TEST_F(GangScheduler, EndsAReservationWhenItsJobGoesToAnotherDevice) {
  AddWorker("w", 4, 2);
  Queue("big", 4, kLong);
  Pass();
  AddWorker("gpu", 4, 1, v1::DEVICE_CUDA);
  Pass();
  EXPECT_FALSE(pool_.reservation(v1::DEVICE_CPU).has_value());
  EXPECT_EQ(pool_.reservation(v1::DEVICE_CUDA)->job_id, "big");
}

TEST_F(GangScheduler, TakesAutoAsCudaWhileAWorkerWithOneIsThere) {
  AddWorker("cpu", 4);
  AddWorker("gpu", 1, 1, v1::DEVICE_CUDA);
  Queue("any", 1);
  Queue("cpu-only", 1, absl::Minutes(1), 0, v1::DEVICE_CPU);
  EXPECT_THAT(Pass(), ElementsAre("any: waits", "cpu-only: cpu/0"));
  pool_.RemoveWorker("gpu");
  EXPECT_THAT(Pass(), ElementsAre("any: cpu/1"));
}

TEST_F(GangScheduler, GoesOnWhereTheSliceBeforeEnded) {
  AddWorker("w", 2);
  for (const char* job : {"a", "b", "c"}) Queue(job, 1);
  SchedulingPass pass({}, queue_, pool_, kNow, SchedulingPass::Scope::kAll);
  EXPECT_THAT(Record(pass.Step(1)), ElementsAre("a: w/0"));
  EXPECT_FALSE(pass.done());
  queue_.Remove("b");
  EXPECT_THAT(Record(pass.Step(1)), ElementsAre("c: w/1"));
  EXPECT_TRUE(pass.done());
}

TEST_F(GangScheduler, GivesASlotThatComesFreeBetweenSlicesToNoLaterJobOfTheSize) {
  AddWorker("w", 2, 2);
  Queue("a", 2);
  Queue("b", 2);
  Queue("c", 1);
  SchedulingPass pass({}, queue_, pool_, kNow, SchedulingPass::Scope::kAll);
  EXPECT_THAT(Record(pass.Step(1)), ElementsAre("a: waits"));
  pool_.Release("w", 0);
  pool_.Release("w", 1);
  EXPECT_THAT(Record(pass.Step()), ElementsAre("b: waits", "c: w/0"));
}

TEST_F(GangScheduler, LooksAtNewRequestsAlone) {
  AddWorker("w", 2);
  Queue("big", 3);
  EXPECT_THAT(Pass(), ElementsAre("big: too big"));
  AddWorker("v", 1);
  Queue("small", 1);
  EXPECT_THAT(Pass(SchedulingPass::Scope::kNew), ElementsAre("small: v/0"));
  EXPECT_THAT(Pass(SchedulingPass::Scope::kNew), IsEmpty());
}

TEST_F(GangScheduler, LooksAtAllBehindANewRequestThatGoesBeforeTheReservedJob) {
  AddWorker("w", 4, 1);
  Queue("starving", 4, kLong);
  Queue("behind", 3);
  EXPECT_THAT(Pass(), ElementsAre("starving: waits", "behind: waits"));
  ASSERT_EQ(pool_.Count(v1::DEVICE_CPU).kept, 3);
  AddWorker("v", 4, 4);
  Queue("urgent", 2, absl::ZeroDuration(), 1);
  EXPECT_THAT(Pass(SchedulingPass::Scope::kNew), ElementsAre("urgent: w/1 w/2"));
  EXPECT_EQ(pool_.reservation(v1::DEVICE_CPU)->job_id, "starving");
}

TEST_F(GangScheduler, LetsAJobAvoidWhereItFailed) {
  AddWorker("a", 1);
  AddWorker("b", 1);
  GangRequest request{"job", 1, v1::DEVICE_CPU, 0, kNow, kNow, v1::REASON_UNSPECIFIED, {}};
  request.avoid.emplace_back();
  request.avoid[0].set_worker("a");
  queue_.Put(request);
  EXPECT_THAT(Pass(), ElementsAre("job: b/0"));
  queue_.Put(request);
  EXPECT_THAT(Pass(), ElementsAre("job: excluded"));
  Queue("other", 1);
  EXPECT_THAT(Pass(), ElementsAre("other: a/0", "job: waits"));
}

TEST_F(GangScheduler, LetsAJobBackToWhereItFailedIfNothingElseCouldBeEnough) {
  AddWorker("a", 1);
  GangRequest request{"job", 1, v1::DEVICE_CPU, 0, kNow, kNow, v1::REASON_UNSPECIFIED, {}};
  request.avoid.emplace_back();
  request.avoid[0].set_worker("a");
  queue_.Put(request);
  EXPECT_THAT(Pass(), ElementsAre("job: a/0"));
}

TEST_F(GangScheduler, SaysThatOnlyAMixOfBuildsWouldFit) {
  for (const char* build : {"old", "new"}) {
    WorkerView worker;
    worker.name = worker.build = build;
    for (int i = 0; i < 2; ++i) worker.slots.push_back({i, v1::DEVICE_CPU, true, "", {}});
    pool_.SetWorker(worker);
  }
  Queue("three", 3);
  Queue("two", 2);
  EXPECT_THAT(Pass(), ElementsAre("three: mixed", "two: new/0 new/1"));
}

TEST_F(GangScheduler, KeepsAnotherSlotForAJobThatAvoidsTheFreeOne) {
  AddWorker("a", 1);
  AddWorker("b", 1, 1);
  GangRequest request{"job", 1, v1::DEVICE_CPU, 0, kNow, kNow - kLong, v1::REASON_UNSPECIFIED, {}};
  request.avoid.emplace_back();
  request.avoid[0].set_worker("a");
  queue_.Put(request);
  EXPECT_THAT(Pass(), ElementsAre("job: excluded"));
  EXPECT_EQ(pool_.reservation(v1::DEVICE_CPU)->slots[0].worker, "b");
}

}  // namespace
}  // namespace simclr::coordinator
