#include "worker/agent/control/reconcile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simclr::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::DesiredRank Wanted(int attempt, int rank, int slot, v1::Order order = v1::ORDER_PREPARE,
                       const std::string& endpoint = "") {
  v1::DesiredRank wanted;
  wanted.set_job_id("j-1");
  wanted.set_attempt(attempt);
  wanted.set_rank(rank);
  wanted.set_slot(slot);
  wanted.set_order(order);
  wanted.set_store_endpoint(endpoint);
  return wanted;
}

v1::Desired DesiredOf(std::vector<v1::DesiredRank> ranks) {
  v1::Desired desired;
  for (v1::DesiredRank& rank : ranks) *desired.add_ranks() = std::move(rank);
  return desired;
}

LiveRank Live(int attempt, int rank, int slot) {
  return {{"j-1", attempt, rank, ""}, slot, false, false, false};
}

Action Does(ActionKind kind, int attempt, int rank) {
  return {kind, {"j-1", attempt, rank, ""}, {}};
}

TEST(Reconcile, StartsWhatIsMissing) {
  EXPECT_THAT(Reconcile(DesiredOf({Wanted(1, 0, 0), Wanted(1, 1, 1)}), {Live(1, 0, 0)}, {}),
              ElementsAre(Does(ActionKind::kStart, 1, 1)));
}

TEST(Reconcile, NeverStartsARankASecondTime) {
  EXPECT_THAT(Reconcile(DesiredOf({Wanted(1, 0, 0)}), {}, {{"j-1", 1, 0, ""}}), IsEmpty());
}

TEST(Reconcile, KillsWhatIsNotWantedOnce) {
  LiveRank dying = Live(1, 1, 1);
  dying.being_killed = true;
  EXPECT_THAT(Reconcile(DesiredOf({}), {Live(1, 0, 0), dying}, {}),
              ElementsAre(Does(ActionKind::kKill, 1, 0)));
}

TEST(Reconcile, GivesASlotToTheNextAttemptOnlyWhenItIsFree) {
  const v1::Desired next = DesiredOf({Wanted(2, 0, 0)});
  LiveRank old = Live(1, 0, 0);
  EXPECT_THAT(Reconcile(next, {old}, {}), ElementsAre(Does(ActionKind::kKill, 1, 0)));
  old.being_killed = true;
  EXPECT_THAT(Reconcile(next, {old}, {}), IsEmpty());
  EXPECT_THAT(Reconcile(next, {}, {{"j-1", 1, 0, ""}}), ElementsAre(Does(ActionKind::kStart, 2, 0)));
}

TEST(Reconcile, PassesTheEndpointOnOnce) {
  const v1::Desired run = DesiredOf({Wanted(1, 0, 0, v1::ORDER_RUN, "127.0.0.1:5")});
  LiveRank live = Live(1, 0, 0);
  EXPECT_THAT(Reconcile(run, {live}, {}), ElementsAre(Does(ActionKind::kRun, 1, 0)));
  live.has_run = true;
  EXPECT_THAT(Reconcile(run, {live}, {}), IsEmpty());
}

TEST(Reconcile, DrainsOnceAndStartsNothingToDrainIt) {
  const v1::Desired drain = DesiredOf({Wanted(1, 0, 0, v1::ORDER_DRAIN)});
  LiveRank live = Live(1, 0, 0);
  EXPECT_THAT(Reconcile(drain, {live}, {}), ElementsAre(Does(ActionKind::kDrain, 1, 0)));
  live.draining = true;
  EXPECT_THAT(Reconcile(drain, {live}, {}), IsEmpty());
  EXPECT_THAT(Reconcile(drain, {}, {}), IsEmpty());
}

TEST(Reconcile, StartsAndEndsNothingForAnOrderOfTomorrow) {
  const v1::Desired unknown = DesiredOf({Wanted(1, 0, 0, static_cast<v1::Order>(99))});
  EXPECT_THAT(Reconcile(unknown, {}, {}), IsEmpty());
  EXPECT_THAT(Reconcile(unknown, {Live(1, 0, 0)}, {}), IsEmpty());
}

TEST(Reconcile, TakesAnotherPlacementOfTheSameAttemptForAnotherRank) {
  v1::DesiredRank placed_again = Wanted(1, 0, 0);
  placed_again.set_nonce("0b");
  LiveRank live = Live(1, 0, 0);
  live.key.nonce = "0a";
  EXPECT_THAT(Reconcile(DesiredOf({placed_again}), {live}, {}),
              ElementsAre(Action{ActionKind::kKill, live.key, {}}));
  EXPECT_THAT(Reconcile(DesiredOf({placed_again}), {}, {live.key}),
              ElementsAre(Action{ActionKind::kStart, KeyOf(placed_again), {}}));
}

}  // namespace
}  // namespace simclr::agent
