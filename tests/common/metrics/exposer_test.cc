#include "common/metrics/exposer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "tests/support/http_get.h"

namespace simclr {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Exposer, ServesMetricsAndProbes) {
  const auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter().Name("cats_total").Help("Cats.").Register(*registry).Add({}).Increment();
  ExposerOptions options;
  options.ready = [] { return absl::UnavailableError("the database is not open"); };
  const auto exposer = Exposer::Start(options, registry);
  ASSERT_TRUE(exposer.ok()) << exposer.status();
  EXPECT_THAT(HttpGet((*exposer)->port(), "/metrics"), HasSubstr("\ncats_total 1"));
  EXPECT_THAT(HttpGet((*exposer)->port(), "/livez"), StartsWith("HTTP/1.1 200"));
  const std::string ready = HttpGet((*exposer)->port(), "/readyz");
  EXPECT_THAT(ready, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(ready, HasSubstr("the database is not open"));
  EXPECT_THAT(HttpGet((*exposer)->port(), "/other"), HasSubstr(" 404 Not Found"));
}

TEST(Exposer, StopsWithoutDelayWhereverItListens) {
  for (const std::string listen : {"127.0.0.1:0", "localhost:0", "0.0.0.0:0", "[::1]:0", "[::]:0"}) {
    ExposerOptions options;
    options.listen = listen;
    auto exposer = Exposer::Start(options, std::make_shared<prometheus::Registry>());
    ASSERT_TRUE(exposer.ok()) << exposer.status();
    const absl::Duration start = RealClock().Monotonic();
    exposer->reset();
    EXPECT_LT(RealClock().Monotonic() - start, absl::Seconds(1)) << listen;
  }
}

TEST(Exposer, ServesAtAnIpv6Address) {
  ExposerOptions options;
  options.listen = "[::1]:0";
  const auto registry = std::make_shared<prometheus::Registry>();
  auto& family = prometheus::BuildCounter().Name("cats_total").Help("Cats.").Register(*registry);
  for (int i = 0; i < 5000; ++i) family.Add({{"cat", std::to_string(i)}});
  const auto exposer = Exposer::Start(options, registry);
  ASSERT_TRUE(exposer.ok()) << exposer.status();
  EXPECT_EQ((*exposer)->address(), absl::StrCat("[::1]:", (*exposer)->port()));
  for (int scrape = 0; scrape < 10; ++scrape) {
    const std::string reply = HttpGet((*exposer)->port(), "/metrics", AF_INET6);
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(reply, HasSubstr("cats_total{cat=\"4999\"}"));
  }
  options.listen = (*exposer)->address();
  EXPECT_THAT(std::string(Exposer::Start(options, registry).status().message()),
              HasSubstr("the port is taken"));
}

TEST(Exposer, ServesBothKindsOfAddressesAtAll) {
  ExposerOptions options;
  options.listen = "[::]:0";
  const auto exposer = Exposer::Start(options, std::make_shared<prometheus::Registry>());
  ASSERT_TRUE(exposer.ok()) << exposer.status();
  EXPECT_THAT(HttpGet((*exposer)->port(), "/livez", AF_INET6), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(HttpGet((*exposer)->port(), "/livez"), StartsWith("HTTP/1.1 200"));
}

TEST(Exposer, RefusesWhatIsNoAddress) {
  for (const std::string listen : {"47401", "127.0.0.1", "127.0.0.1:99999", "::1", "node-1:80"}) {
    ExposerOptions options;
    options.listen = listen;
    const auto exposer = Exposer::Start(options, std::make_shared<prometheus::Registry>());
    EXPECT_EQ(exposer.status().code(), absl::StatusCode::kInvalidArgument) << listen;
    EXPECT_THAT(std::string(exposer.status().message()), HasSubstr("cannot serve HTTP"));
  }
}

TEST(Exposer, NamesATakenPort) {
  const auto registry = std::make_shared<prometheus::Registry>();
  const auto first = Exposer::Start({}, registry);
  ASSERT_TRUE(first.ok()) << first.status();
  ExposerOptions options;
  options.listen = (*first)->address();
  const auto second = Exposer::Start(options, registry);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr((*first)->address()));
}

}  // namespace
}  // namespace simclr
