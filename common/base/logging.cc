#include "common/base/logging.h"

#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "common/base/text.h"

namespace simclr {
namespace {

absl::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarning:
      return "WARNING";
    case LogLevel::kError:
      return "ERROR";
  }
  return "?";
}

// A quote within is escaped, and so is a backslash that would seem to escape a quote; all other backslashes
// stay, as text that was made printable before holds some.
std::string Value(absl::string_view value) {
  const std::string text = Printable(value);
  if (!text.empty() && text.find_first_of(" \"=") == std::string::npos) return text;
  std::string quoted = absl::StrReplaceAll(text, {{"\\\"", "\\\\\\\""}, {"\"", "\\\""}});
  if (absl::EndsWith(text, "\\")) quoted += '\\';
  return absl::StrCat("\"", quoted, "\"");
}

}  // namespace

std::string LogLine(absl::Time now, LogLevel level, absl::string_view message,
                    std::initializer_list<LogField> fields) {
  std::string line = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", now, absl::UTCTimeZone());
  absl::StrAppend(&line, " ", LevelName(level), " ", Printable(message));
  for (const auto& [key, value] : fields) absl::StrAppend(&line, " ", key, "=", Value(value));
  return line + '\n';
}

void Log(LogLevel level, absl::string_view message, std::initializer_list<LogField> fields) {
  const std::string line = LogLine(absl::Now(), level, message, fields);
  // A log line that cannot be written has nowhere to be reported.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace simclr
