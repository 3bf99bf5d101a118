#include "engine/distributed/collective.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "engine/base/torch_status.h"
#include "gmock/gmock.h"
#include "tests/support/ranks.h"

namespace simclr::engine {
namespace {

using ::simclr::testing::ExpectAllPassed;
using ::simclr::testing::RankContext;
using ::simclr::testing::RunRanks;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CollectiveOfSize : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, CollectiveOfSize, ::testing::Values(2, 3, 4));

TEST_P(CollectiveOfSize, SumsAndTakesTheLargest) {
  ExpectAllPassed(RunRanks(GetParam(), [](RankContext& context) {
    const auto group = context.Group("gradients");
    const int size = context.world_size();
    at::Tensor sum = at::arange(5, at::kDouble) * (context.rank() + 1);
    group->AllReduceSum(sum);
    EXPECT_TRUE(at::equal(sum, at::arange(5, at::kDouble) * (size * (size + 1) / 2)));

    at::Tensor largest = at::full({3}, 10 - context.rank(), at::kLong);
    group->AllReduceMax(largest);
    EXPECT_TRUE(at::equal(largest, at::full({3}, 10, at::kLong)));

    at::Tensor late = at::ones({4});
    group->StartAllReduceSum(late)->Wait();
    EXPECT_TRUE(at::equal(late, at::full({4}, static_cast<float>(size))));
  }));
}

TEST_P(CollectiveOfSize, GathersInRankOrder) {
  ExpectAllPassed(RunRanks(GetParam(), [](RankContext& context) {
    const auto group = context.Group("gradients");
    const at::Tensor own = at::full({2, 3}, context.rank(), at::kFloat);
    const at::Tensor all = group->AllGather(own);
    ASSERT_EQ(all.size(0), 2 * context.world_size());
    for (int rank = 0; rank < context.world_size(); ++rank) {
      EXPECT_TRUE(at::equal(all.narrow(0, 2 * rank, 2), at::full({2, 3}, rank, at::kFloat)));
    }
  }));
}

TEST_P(CollectiveOfSize, BroadcastsTheBytesOfRankZero) {
  ExpectAllPassed(RunRanks(GetParam(), [](RankContext& context) {
    const auto group = context.Group("gradients");
    const std::string bytes("a\0b", 3);
    EXPECT_EQ(group->Broadcast(context.rank() == 0 ? bytes : "ignored"), bytes);
    EXPECT_EQ(group->Broadcast(context.rank() == 0 ? "" : "ignored"), "");
    group->Barrier();
  }));
}

// Addresses (hexadecimal, as the kernel prints them) on which this process listens.
std::set<std::string> OwnListeners() {
  std::set<std::string> sockets, addresses;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code closed;  // the directory's own descriptor
    sockets.insert(std::filesystem::read_symlink(entry.path(), closed));
  }
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(table);
    for (std::string line; std::getline(file, line);) {
      const std::vector<std::string> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
      if (fields.size() < 10 || fields[3] != "0A") continue;
      const std::string address = fields[1].substr(0, fields[1].find(':'));
      if (sockets.count("socket:[" + fields[9] + "]") > 0) addresses.insert(address);
    }
  }
  return addresses;
}

TEST(Collective, ListensOnItsAddressAlone) {
  ExpectAllPassed(RunRanks(2, [](RankContext& context) {
    const auto group = context.Group("gradients");
    EXPECT_THAT(OwnListeners(), ElementsAre("0100007F"));
    group->Barrier();
  }));
}

TEST(Collective, KeepsGroupsApart) {
  ExpectAllPassed(RunRanks(2, [](RankContext& context) {
    const auto gradients = context.Group("gradients");
    const auto norm = context.Group("norm");
    at::Tensor one = at::ones({1}), two = at::full({1}, 2.0F);
    const auto first = gradients->StartAllReduceSum(one);
    norm->AllReduceSum(two);
    first->Wait();
    EXPECT_EQ(one.item<float>(), 2);
    EXPECT_EQ(two.item<float>(), 4);
  }));
}

TEST(Collective, IsUnavailableSoonAfterAPeerWasKilled) {
  const auto results = RunRanks(2, [](RankContext& context) {
    const auto group = context.Group("gradients", absl::Seconds(60));
    group->Barrier();
    if (context.rank() == 1) raise(SIGKILL);
    const absl::Time start = absl::Now();
    const absl::Status status = CatchTorch("training", [&] {
      at::Tensor value = at::ones({1000});
      group->AllReduceSum(value);
      return absl::OkStatus();
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("all-reduce failed on rank 0 of 2"));
    EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  });
  EXPECT_EQ(results[0].exit_code, 0) << results[0].output;
  EXPECT_EQ(results[1].exit_code, -SIGKILL);
}

TEST(Collective, IsUnavailableWhenTheTimeoutPasses) {
  ExpectAllPassed(RunRanks(2, [](RankContext& context) {
    const auto group = context.Group("gradients", absl::Seconds(1));
    const auto other = context.Group("other", absl::Seconds(20));
    if (context.rank() == 0) {
      const absl::Status status = CatchTorch("training", [&] {
        at::Tensor value = at::ones({1});
        group->AllReduceSum(value);
        return absl::OkStatus();
      });
      EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    }
    other->Barrier();  // rank 1 stays alive and silent until rank 0 has given up
  }));
}

}  // namespace
}  // namespace simclr::engine
