#include "common/base/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simclr {
namespace {

using ::testing::HasSubstr;

TEST(HostPort, TakesNamesAndAddressesOfBothKinds) {
  for (const char* text :
       {"127.0.0.1:0", "0.0.0.0:65535", "[::1]:7400", "[::]:0", "[::ffff:10.0.0.1]:1", "localhost:7400",
        "simclr-coordinator.simclr.svc.cluster.local:7400", "node_1:1"}) {
    const auto parsed = ParseHostPort(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->text(), text);
  }
  EXPECT_EQ(ParseHostPort("[::1]:7400")->host, "::1");
  EXPECT_EQ(ParseHostPort("[::1]:7400")->port, 7400);
  EXPECT_TRUE(ParseHostPort("[::1]:7400")->ipv6());
  EXPECT_FALSE(ParseHostPort("10.0.0.1:7400")->ipv6());
}

TEST(HostPort, RefusesWhatIsNoneAndNamesTheForm) {
  const std::pair<const char*, const char*> wrong[] = {
      {"127.0.0.1:99999", "'99999' is no number from 0 to 65535"},
      {"127.0.0.1:65536", "'65536'"},
      {"127.0.0.1:99999999999999999999", "is no number"},
      {"127.0.0.1:-1", "'-1'"},
      {"127.0.0.1:+80", "'+80'"},
      {"127.0.0.1:0x50", "'0x50'"},
      {"127.0.0.1:http", "'http'"},
      {"127.0.0.1: 80", "' 80'"},
      {"127.0.0.1:", "''"},
      {"127.0.0.1", "it has no port"},
      {"localhost", "it has no port"},
      {"[::1]", "it has no port"},
      {"47401", "it has no port"},
      {"", "it has no port"},
      {":7400", "it has no host"},
      {"::1", "needs brackets"},
      {"fe80::1:7400", "needs brackets"},
      {"[::1:7400", "needs brackets"},
      {"[127.0.0.1]:80", "no IPv6 address is in the brackets"},
      {"127.1:80", "no IPv4 address"},
      {"256.0.0.1:80", "no IPv4 address"},
      {"http://localhost:80", "no name"},
      {"a b:80", "no name"},
      {"a\n:80", "'a\\x0a:80'"},
      {"a:1,b:2", "no name"},
      {"a:1:2", "no name"},
  };
  for (const auto& [text, why] : wrong) {
    const auto parsed = ParseHostPort(text);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(why));
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr("write HOST:PORT"));
  }
}

}  // namespace
}  // namespace simclr
