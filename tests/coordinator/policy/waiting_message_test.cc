#include "coordinator/policy/waiting_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

GangRequest Request(int ranks) {
  GangRequest request;
  request.job_id = "j-1";
  request.ranks = ranks;
  return request;
}

WaitingView View(int free, int usable, v1::Device device = v1::DEVICE_CUDA) {
  WaitingView view;
  view.device = device;
  view.slots.present = view.slots.usable = usable;
  view.slots.free = free;
  return view;
}

Reservation ReservationOf(const std::string& job, int workers) {
  Reservation reservation{job, {}};
  for (int i = 0; i < workers; ++i) {
    for (int slot = 0; slot < 2; ++slot) reservation.slots.push_back({"node-" + std::to_string(i), 1, slot});
  }
  return reservation;
}

TEST(WaitingMessage, SaysWhatIsNeededAndWhatIsThere) {
  EXPECT_EQ(WaitingMessage(Request(4), View(2, 8)), "needs 4 cuda slots, 2 free of 8");
  EXPECT_EQ(WaitingMessage(Request(1), View(0, 2, v1::DEVICE_CPU)), "needs 1 cpu slot, 0 free of 2");
}

TEST(WaitingMessage, SaysThatSlotsCannotBeUsed) {
  WaitingView view = View(15, 15);
  view.slots.present = 16;
  EXPECT_EQ(WaitingMessage(Request(16), view), "needs 16 cuda slots, 15 free of 15; 1 cannot be used now");
}

TEST(WaitingMessage, NamesTheWorkersThatAreKeptForTheJob) {
  WaitingView view = View(2, 8);
  view.reservation = ReservationOf("j-1", 1);
  EXPECT_EQ(WaitingMessage(Request(4), view),
            "needs 4 cuda slots, 2 free of 8; slots of node-0 are kept for it");
}

TEST(WaitingMessage, NamesTheJobThatFreeSlotsAreKeptFor) {
  WaitingView view = View(2, 8);
  view.reservation = ReservationOf("j-0", 1);
  view.slots.kept = 2;
  EXPECT_EQ(WaitingMessage(Request(1), view),
            "needs 1 cuda slot, 2 free of 8; 2 of them kept for j-0, which waits for longer");
}

TEST(WaitingMessage, SaysNothingOfAReservationThatKeepsNoFreeSlot) {
  WaitingView view = View(0, 8);
  view.reservation = ReservationOf("j-0", 1);
  EXPECT_EQ(WaitingMessage(Request(1), view), "needs 1 cuda slot, 0 free of 8");
}

TEST(WaitingMessage, TellsWorkersThatLeftFromLostOnes) {
  WaitingView view = View(0, 0);
  view.lost = {"worker-2"};
  view.left = {"worker-3"};
  EXPECT_EQ(WaitingMessage(Request(1), view),
            "needs 1 cuda slot, 0 free of 0; lost: worker-2; left: worker-3");
}

TEST(WaitingMessage, CutsLongListsOfNames) {
  WaitingView view = View(0, 2000);
  view.reservation = ReservationOf("j-1", 1000);
  view.lost = {"a", "b", "c", "d"};
  const std::string message = WaitingMessage(Request(2000), view);
  EXPECT_THAT(message, HasSubstr("slots of node-0, node-1, node-2 and 997 more are kept for it"));
  EXPECT_THAT(message, HasSubstr("lost: a, b, c and 1 more"));
}

TEST(WaitingMessage, EndsWithThePosition) {
  WaitingView view = View(2, 8);
  view.position = 12;
  EXPECT_EQ(WaitingMessage(Request(4), view), "needs 4 cuda slots, 2 free of 8; position 12 in the queue");
}

TEST(WaitingMessage, NamesExcludedSlotsAndThoseThatTheJobAvoids) {
  GangRequest request = Request(1);
  request.reason = v1::REASON_NODES_EXCLUDED;
  request.avoid.emplace_back();
  request.avoid[0].set_worker("node-2");
  request.avoid[0].set_slot(3);
  WaitingView view = View(0, 7);
  view.slots.present = 8;
  view.slots.excluded = 1;
  view.excluded = {"node-1/0"};
  EXPECT_EQ(WaitingMessage(request, view),
            "needs 1 cuda slot, 0 free of 7; excluded after failures: node-1/0; this job failed on node-2/3");
}

TEST(WaitingMessage, NamesAWorkerOfEachBuildWhereOnlyAMixWouldFit) {
  GangRequest request = Request(3);
  request.reason = v1::REASON_VERSIONS_DIFFER;
  WaitingView view = View(4, 4);
  view.builds = {{"0.1.0 a", "node-1"}, {"0.1.0 b", "node-2"}};
  EXPECT_EQ(WaitingMessage(request, view),
            "needs 3 cuda slots, 4 free of 4; its ranks must be of one build: node-1 has 0.1.0 a, node-2 has "
            "0.1.0 b");
}

}  // namespace
}  // namespace simclr::coordinator
