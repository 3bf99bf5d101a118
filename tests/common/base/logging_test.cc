#include "common/base/logging.h"

#include <gtest/gtest.h>

namespace simclr {
namespace {

std::string Line(absl::string_view message, std::initializer_list<LogField> fields = {}) {
  return LogLine(absl::UnixEpoch(), LogLevel::kWarning, message, fields);
}

TEST(LogLine, IsTimeLevelMessageAndFields) {
  EXPECT_EQ(Line("attempt placed", {{"job", "j-01"}, {"cause", "no such file"}, {"host", ""}}),
            "1970-01-01T00:00:00.000Z WARNING attempt placed job=j-01 cause=\"no such file\" host=\"\"\n");
}

TEST(LogLine, IsOneLineWhateverBytesItIsGiven) {
  EXPECT_EQ(Line("left out: a\n1970-01-01T00:00:01.000Z ERROR made up\x1b[2J", {{"file", "caf\xe9\r\n.png"}}),
            "1970-01-01T00:00:00.000Z WARNING left out: a\\x0a1970-01-01T00:00:01.000Z ERROR made up\\x1b[2J "
            "file=caf\\xe9\\x0d\\x0a.png\n");
}

TEST(LogLine, DoesNotEscapeTwice) {
  EXPECT_EQ(Line("m", {{"cause", "bad caf\\xe9.png"}}),
            "1970-01-01T00:00:00.000Z WARNING m cause=\"bad caf\\xe9.png\"\n");
}

TEST(LogLine, ValuesDoNotEndTheirQuotes) {
  EXPECT_EQ(Line("m", {{"a", "x\" job=\"y"}, {"b", "x \\"}, {"c", "x \\\"y"}}),
            "1970-01-01T00:00:00.000Z WARNING m a=\"x\\\" job=\\\"y\" b=\"x \\\\\" c=\"x \\\\\\\"y\"\n");
}

}  // namespace
}  // namespace simclr
