#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "engine/distributed/collective.h"
#include "gmock/gmock.h"

namespace simclr::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Local addresses (hexadecimal, as the kernel prints them) that listen on the port of `endpoint`.
std::vector<std::string> ListeningAddresses(const std::string& table, const std::string& endpoint) {
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(endpoint.substr(endpoint.rfind(':') + 1), &port));
  const std::string wanted = absl::StrFormat("%04X", port);
  std::vector<std::string> addresses;
  std::ifstream file(table);
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (fields.size() < 4 || fields[3] != "0A") continue;
    const std::vector<std::string> local = absl::StrSplit(fields[1], ':');
    if (local[1] == wanted) addresses.push_back(local[0]);
  }
  return addresses;
}

TEST(AttemptStore, ListensOnTheGivenAddressAlone) {
  const auto store = AttemptStore::Host("127.0.0.1");
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_THAT(ListeningAddresses("/proc/net/tcp", (*store)->endpoint()), ElementsAre("0100007F"));
  EXPECT_THAT(ListeningAddresses("/proc/net/tcp6", (*store)->endpoint()), IsEmpty());
}

TEST(AttemptStore, StopsListeningWhenItIsDestroyed) {
  auto store = AttemptStore::Host("127.0.0.1");
  ASSERT_TRUE(store.ok()) << store.status();
  const std::string endpoint = (*store)->endpoint();
  store->reset();
  EXPECT_THAT(ListeningAddresses("/proc/net/tcp", endpoint), IsEmpty());
}

TEST(AttemptStore, IsJoinedAtItsEndpoint) {
  const auto host = AttemptStore::Host("127.0.0.1");
  ASSERT_TRUE(host.ok()) << host.status();
  const auto guest = AttemptStore::Join((*host)->endpoint(), absl::Seconds(5));
  ASSERT_TRUE(guest.ok()) << guest.status();
  EXPECT_EQ((*guest)->endpoint(), (*host)->endpoint());
}

TEST(AttemptStore, RefusesAnAddressOfAnotherMachine) {
  const auto store = AttemptStore::Host("192.0.2.1");
  EXPECT_EQ(store.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(store.status().message()), HasSubstr("192.0.2.1"));
}

TEST(AttemptStore, RefusesAnEndpointWithoutPort) {
  EXPECT_EQ(AttemptStore::Join("127.0.0.1", absl::Seconds(1)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(AttemptStore, IsUnavailableWhereNobodyListens) {
  std::string endpoint;
  {
    const auto gone = AttemptStore::Host("127.0.0.1");
    ASSERT_TRUE(gone.ok()) << gone.status();
    endpoint = (*gone)->endpoint();
  }
  EXPECT_EQ(AttemptStore::Join(endpoint, absl::Seconds(1)).status().code(), absl::StatusCode::kUnavailable);
}

TEST(MakeCollective, SaysHowManyRanksCame) {
  const auto store = AttemptStore::Host("127.0.0.1");
  ASSERT_TRUE(store.ok()) << store.status();
  RendezvousOptions options;
  options.prefix = "job/1/nonce";
  options.timeout = absl::Milliseconds(300);
  const auto group = MakeCollective(**store, "gradients", 0, 3, options);
  EXPECT_EQ(group.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(group.status().message()), HasSubstr("1 of 3 ranks came to group gradients"));
}

TEST(MakeCollective, OfOneRankNeedsNobody) {
  const auto store = AttemptStore::Host("127.0.0.1");
  ASSERT_TRUE(store.ok()) << store.status();
  const auto group = MakeCollective(**store, "gradients", 0, 1, {});
  ASSERT_TRUE(group.ok()) << group.status();
  at::Tensor value = at::full({2}, 3.0);
  (*group)->AllReduceSum(value);
  EXPECT_TRUE(at::equal(value, at::full({2}, 3.0)));
  EXPECT_EQ((*group)->Broadcast("seed"), "seed");
}

}  // namespace
}  // namespace simclr::engine
