#include "common/rpc/greeting.h"

#include <gtest/gtest.h>

#include <string>

namespace simclr {
namespace {

Greeting Judge(const std::string& said, bool tls) {
  return JudgeGreeting(absl::string_view(said).substr(0, kGreetingBytes), said.size(), tls);
}

TEST(Greeting, OfTlsIsAHelloInOneRecord) {
  const std::string hello = std::string("\x16\x03\x01\x02\x00", 5) + std::string(512, 'h');
  for (const std::size_t size : {std::size_t{1}, std::size_t{4}, std::size_t{5}, hello.size() - 1}) {
    EXPECT_EQ(Judge(hello.substr(0, size), true), Greeting::kUnfinished) << size;
  }
  EXPECT_EQ(Judge(hello, true), Greeting::kWhole);
  EXPECT_EQ(Judge(hello + "more", true), Greeting::kWhole);
}

TEST(Greeting, WithoutTlsIsThePrefaceOfHttp2) {
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  EXPECT_EQ(Judge("P", false), Greeting::kUnfinished);
  EXPECT_EQ(Judge(preface.substr(0, 23), false), Greeting::kUnfinished);
  EXPECT_EQ(Judge(preface, false), Greeting::kWhole);
  EXPECT_EQ(Judge(preface + "settings", false), Greeting::kWhole);
}

TEST(Greeting, WhoSpeaksAnotherProtocolIsForeign) {
  for (const bool tls : {false, true}) EXPECT_EQ(Judge("GET / HTTP/1.1\r\n", tls), Greeting::kForeign);
  EXPECT_EQ(Judge("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true), Greeting::kForeign);
  EXPECT_EQ(Judge(std::string("\x16\x03\x01\x02\x00", 5), false), Greeting::kForeign);
  EXPECT_EQ(Judge(std::string("\x16\x03\x01\x00\x00", 5), true), Greeting::kForeign) << "an empty record";
  EXPECT_EQ(Judge("\x16\x03\x01\x7f\xff", true), Greeting::kForeign) << "larger than any record";
}

}  // namespace
}  // namespace simclr
