#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace simclr {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

using LogField = std::pair<absl::string_view, std::string>;

// One line to standard error, in one write: time, level, message, then key=value fields (values with blanks
// are quoted). Message and values may be any bytes: they are made printable here (text.h).
//   2026-01-31T12:00:00.123Z INFO attempt placed job=j-01 attempt=1
// Fields that name a job are called job, attempt, rank, step, everywhere. Thread-safe.
void Log(LogLevel level, absl::string_view message, std::initializer_list<LogField> fields = {});

// The line that Log writes at `now`. Pure.
std::string LogLine(absl::Time now, LogLevel level, absl::string_view message,
                    std::initializer_list<LogField> fields = {});

inline void LogInfo(absl::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kInfo, message, fields);
}
inline void LogWarning(absl::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kWarning, message, fields);
}
inline void LogError(absl::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kError, message, fields);
}

}  // namespace simclr
