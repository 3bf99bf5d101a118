#include "coordinator/policy/gang_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simclr::coordinator {
namespace {

using ::testing::ElementsAre;

GangRequest Request(const std::string& job, int priority, int order) {
  GangRequest request;
  request.job_id = job;
  request.priority = priority;
  request.order = absl::FromUnixSeconds(order);
  return request;
}

std::vector<std::string> Jobs(const GangQueue& queue) {
  std::vector<std::string> jobs;
  for (const GangRequest& request : queue) jobs.push_back(request.job_id);
  return jobs;
}

TEST(GangQueue, GoesByPriorityThenByOrderThenById) {
  GangQueue queue;
  queue.Put(Request("b", 0, 5));
  queue.Put(Request("a", 0, 5));
  queue.Put(Request("early", 0, 1));
  queue.Put(Request("high", 1, 9));
  EXPECT_THAT(Jobs(queue), ElementsAre("high", "early", "a", "b"));
}

TEST(GangQueue, ReplacesTheRequestOfAJob) {
  GangQueue queue;
  queue.Put(Request("a", 0, 1));
  queue.Put(Request("b", 0, 2));
  queue.Put(Request("a", 0, 3));
  EXPECT_THAT(Jobs(queue), ElementsAre("b", "a"));
}

TEST(GangQueue, ForgetsARemovedJob) {
  GangQueue queue;
  queue.Put(Request("a", 0, 1));
  queue.Put(Request("b", 0, 2));
  queue.Remove("a");
  queue.Remove("unknown");
  EXPECT_THAT(Jobs(queue), ElementsAre("b"));
  EXPECT_EQ(queue.Find("a"), nullptr);
  EXPECT_EQ(queue.Find("b")->job_id, "b");
}

TEST(GangQueue, CountsPositionsFromOne) {
  GangQueue queue;
  for (const char* job : {"a", "b", "c"}) queue.Put(Request(job, 0, 1));
  EXPECT_EQ(queue.Position("a"), 1);
  EXPECT_EQ(queue.Position("c"), 3);
  EXPECT_EQ(queue.Position("unknown"), 0);
}

TEST(GangQueue, GoesOnBehindAJobThatIsNoLongerThere) {
  GangQueue queue;
  for (const char* job : {"a", "b", "c"}) queue.Put(Request(job, 0, 1));
  const GangRequest last = *queue.Find("b");
  queue.Remove("b");
  EXPECT_EQ(queue.After(last)->job_id, "c");
}

TEST(GangQueue, ARequestIsNewUntilItIsLookedAt) {
  GangQueue queue;
  EXPECT_EQ(queue.FirstNew(), queue.end());
  queue.Put(Request("b", 0, 2));
  queue.Put(Request("a", 0, 1));
  EXPECT_EQ(queue.FirstNew()->job_id, "a");
  queue.NoteLookedAt(queue.FirstNew());
  EXPECT_EQ(queue.FirstNew()->job_id, "b");
  queue.Remove("b");
  EXPECT_FALSE(queue.HasNew());
}

TEST(GangQueue, ARequestIsNewAgainWhereItAsksForSomethingElse) {
  GangQueue queue;
  GangRequest request = Request("a", 0, 1);
  queue.Put(request);
  queue.NoteLookedAt(queue.FirstNew());
  request.reason = v1::REASON_WAITING_FOR_CAPACITY;
  queue.Put(request);
  EXPECT_FALSE(queue.HasNew());
  request.ranks = 2;
  queue.Put(request);
  EXPECT_TRUE(queue.HasNew());
}

}  // namespace
}  // namespace simclr::coordinator
