#include "engine/distributed/c10d_collective.h"

#include <c10/util/Exception.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace simclr::engine {
namespace {

using ::testing::ElementsAre;

// Remembers what happens to the backend: it may be gone before the test looks.
using Journal = std::vector<std::string>;

class FakeWork final : public c10d::Work {
 public:
  FakeWork(Journal& journal, bool fails) : journal_(journal), fails_(fails) {}
  bool wait(std::chrono::milliseconds) override {
    journal_.push_back("wait");
    if (fails_) throw std::runtime_error("connection closed by peer");
    return true;
  }

 private:
  Journal& journal_;
  const bool fails_;
};

class FakeBackend final : public c10d::Backend {
 public:
  FakeBackend(Journal& journal, bool fails) : Backend(0, 2), journal_(journal), fails_(fails) {}
  c10::intrusive_ptr<c10d::Work> allreduce(std::vector<at::Tensor>&, const c10d::AllreduceOptions&) override {
    return c10::make_intrusive<FakeWork>(journal_, fails_);
  }
  void shutdown() override { journal_.push_back("shutdown"); }
  void abort() override {
    journal_.push_back("abort");
    if (fails_) throw std::runtime_error("abort timed out");
  }

 private:
  Journal& journal_;
  const bool fails_;
};

std::unique_ptr<Collective> Group(Journal& journal, bool fails = false) {
  return MakeC10dCollective(c10::make_intrusive<FakeBackend>(journal, fails), at::kCPU,
                            [&journal](bool waiting) { journal.push_back(waiting ? "begin" : "end"); });
}

TEST(C10dCollective, TellsWhenItWaitsAndHowLong) {
  Journal journal;
  const auto group = Group(journal);
  EXPECT_EQ(group->waited(), absl::ZeroDuration());
  at::Tensor tensor = at::ones({1});
  const auto pending = group->StartAllReduceSum(tensor);
  EXPECT_TRUE(journal.empty());
  pending->Wait();
  EXPECT_THAT(journal, ElementsAre("begin", "wait", "end"));
  EXPECT_GT(group->waited(), absl::ZeroDuration());
}

TEST(C10dCollective, TellsTheEndOfAWaitThatFails) {
  Journal journal;
  const auto group = Group(journal, /*fails=*/true);
  at::Tensor tensor = at::ones({1});
  EXPECT_THROW(group->AllReduceSum(tensor), c10::DistBackendError);
  EXPECT_THAT(journal, ElementsAre("begin", "wait", "end"));
}

TEST(C10dCollective, ShutsDownInOrder) {
  Journal journal;
  Group(journal).reset();
  EXPECT_THAT(journal, ElementsAre("shutdown"));
}

TEST(C10dCollective, AbortsWhatWasAbandonedAndOutlivesAnAbortThatFails) {
  Journal journal;
  auto group = Group(journal, /*fails=*/true);
  group->Abandon();
  group.reset();
  EXPECT_THAT(journal, ElementsAre("abort"));
}

}  // namespace
}  // namespace simclr::engine
