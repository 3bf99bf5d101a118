#include "coordinator/policy/gang_scheduler.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace simclr::coordinator {
namespace {

WorkerView Worker(const std::string& name, int free, int taken = 0, v1::Device device = v1::DEVICE_CPU) {
  WorkerView worker;
  worker.name = name;
  worker.takes_work = true;
  for (int i = 0; i < free + taken; ++i) worker.slots.push_back({i, device, i < free});
  return worker;
}

GangRequest Request(const std::string& job, int ranks, int priority = 0,
                    v1::Device device = v1::DEVICE_AUTO) {
  return {job, ranks, device, priority, absl::Seconds(1)};
}

std::vector<std::string> WorkersOf(const GangDecision& decision) {
  std::vector<std::string> workers;
  for (const RankSlot& slot : decision.gang) workers.push_back(slot.worker);
  return workers;
}

TEST(GangScheduler, PlacesOnTheWorkerWithTheLeastRoomToSpare) {
  const auto decisions = ScheduleGangs({}, {Request("a", 2)}, {Worker("big", 8), Worker("small", 2)});
  EXPECT_EQ(WorkersOf(decisions[0]), (std::vector<std::string>{"small", "small"}));
}

TEST(GangScheduler, UsesTheFewestWorkersWhereOneIsNotEnough) {
  const auto decisions =
      ScheduleGangs({}, {Request("a", 5)}, {Worker("a", 1), Worker("b", 4), Worker("c", 2)});
  EXPECT_EQ(WorkersOf(decisions[0]), (std::vector<std::string>{"b", "b", "b", "b", "a"}));
}

TEST(GangScheduler, PlacesAllRanksOrNone) {
  const auto decisions = ScheduleGangs({}, {Request("a", 4)}, {Worker("w", 2, 2)});
  EXPECT_TRUE(decisions[0].gang.empty());
  EXPECT_EQ(decisions[0].reason, v1::REASON_WAITING_FOR_CAPACITY);
  EXPECT_EQ(decisions[0].message, "needs 4 cpu slots, 2 free of 4");
}

TEST(GangScheduler, SaysThatAShapeCannotFit) {
  const auto decisions = ScheduleGangs({}, {Request("a", 4)}, {Worker("w", 2)});
  EXPECT_EQ(decisions[0].reason, v1::REASON_NO_SUCH_CAPACITY);
  EXPECT_EQ(decisions[0].message, "needs 4 cpu slots, 2 free of 2");
}

TEST(GangScheduler, TellsWorkersThatLeftFromLostOnes) {
  WorkerView lost = Worker("worker-2", 2);
  lost.lost = true;
  WorkerView left = Worker("worker-3", 2);
  left.lost = left.left = true;
  const auto decisions = ScheduleGangs({}, {Request("a", 1)}, {left, lost});
  EXPECT_EQ(decisions[0].message, "needs 1 cpu slot, 0 free of 0; lost: worker-2; left: worker-3");
}

TEST(GangScheduler, NamesTheLostWorkersWhoseSlotsAreMissing) {
  WorkerView lost = Worker("worker-2", 2);
  lost.lost = true;
  const auto decisions = ScheduleGangs({}, {Request("a", 1)}, {lost});
  EXPECT_EQ(decisions[0].message, "needs 1 cpu slot, 0 free of 0; lost: worker-2");
}

TEST(GangScheduler, GoesByPriorityThenBySubmitOrder) {
  const auto decisions = ScheduleGangs(
      {}, {Request("old", 1), Request("older-high", 1, 5), Request("high", 1, 5)}, {Worker("w", 2)});
  EXPECT_EQ(decisions[0].job_id, "older-high");
  EXPECT_EQ(decisions[1].job_id, "high");
  EXPECT_TRUE(decisions[2].gang.empty());
}

TEST(GangScheduler, LetsASmallJobPassOneThatDoesNotFit) {
  const auto decisions = ScheduleGangs({}, {Request("big", 4), Request("small", 1)}, {Worker("w", 2, 2)});
  EXPECT_TRUE(decisions[0].gang.empty());
  EXPECT_EQ(decisions[1].gang.size(), 1u);
}

TEST(GangScheduler, KeepsSlotsForAJobThatHasWaitedTooLong) {
  GangRequest big = Request("big", 4);
  big.waiting = absl::Minutes(11);
  const auto decisions = ScheduleGangs({}, {big, Request("small", 1)}, {Worker("w", 2, 2)});
  EXPECT_TRUE(decisions[1].gang.empty());
  EXPECT_EQ(decisions[1].reason, v1::REASON_WAITING_FOR_CAPACITY);
}

TEST(GangScheduler, KeepsNothingForAJobThatCanNeverFit) {
  GangRequest impossible = Request("impossible", 9);
  impossible.waiting = absl::Hours(1);
  const auto decisions = ScheduleGangs({}, {impossible, Request("small", 1)}, {Worker("w", 2)});
  EXPECT_EQ(decisions[1].gang.size(), 1u);
}

TEST(GangScheduler, TakesAutoAsCudaIfAnySlotOfTheClusterIsOne) {
  const std::vector<WorkerView> workers = {Worker("cpu", 4), Worker("gpu", 0, 1, v1::DEVICE_CUDA)};
  const auto decisions = ScheduleGangs({}, {Request("a", 1), Request("b", 1, 0, v1::DEVICE_CPU)}, workers);
  EXPECT_EQ(decisions[0].device, v1::DEVICE_CUDA);
  EXPECT_TRUE(decisions[0].gang.empty()) << "the GPU is taken; a CPU is not what it asked for";
  EXPECT_EQ(decisions[1].gang[0].worker, "cpu");
}

TEST(GangScheduler, GivesNothingToAWorkerThatIsNotAlive) {
  WorkerView silent = Worker("w", 2);
  silent.takes_work = false;
  const auto decisions = ScheduleGangs({}, {Request("a", 1)}, {silent});
  EXPECT_TRUE(decisions[0].gang.empty());
  EXPECT_EQ(decisions[0].reason, v1::REASON_WAITING_FOR_CAPACITY);
}

TEST(GangScheduler, NeverGivesASlotTwice) {
  std::mt19937 dice(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<WorkerView> workers;
    for (int i = 0; i < 5; ++i) workers.push_back(Worker("w" + std::to_string(i), dice() % 5, dice() % 3));
    std::vector<GangRequest> requests;
    for (int i = 0; i < 8; ++i)
      requests.push_back(Request("j" + std::to_string(i), 1 + dice() % 6, dice() % 3));
    std::set<std::pair<std::string, int>> used;
    for (const GangDecision& decision : ScheduleGangs({}, requests, workers)) {
      for (const RankSlot& slot : decision.gang) EXPECT_TRUE(used.insert({slot.worker, slot.slot}).second);
      EXPECT_EQ(decision.gang.empty(), !decision.message.empty()) << "a job that waits says why";
    }
  }
}

}  // namespace
}  // namespace simclr::coordinator
