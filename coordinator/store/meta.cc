#include "coordinator/store/meta.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace simclr::coordinator {
namespace {

// A coordinator that starts once a minute needs most of a day for as many terms.
constexpr std::int64_t kRestoreStride = 1000;

}  // namespace

absl::StatusOr<std::string> ReadMeta(SqliteDb& db, absl::string_view key) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement select, db.Prepare("SELECT value FROM meta WHERE key = ?"));
  std::string value;
  SIMCLR_RETURN_IF_ERROR(select.Bind(1, key).ForEach([&value](const SqliteStatement& row) {
    value = row.Bytes(0);
    return absl::OkStatus();
  }));
  return value;
}

absl::Status WriteMeta(SqliteDb& db, absl::string_view key, absl::string_view value) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement insert, db.Prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)"));
  return insert.Bind(1, key).Bind(2, value).Run();
}

absl::StatusOr<std::int64_t> ReadMetaNumber(SqliteDb& db, absl::string_view key) {
  SIMCLR_ASSIGN_OR_RETURN(const std::string text, ReadMeta(db, key));
  std::int64_t number = 0;
  if (!text.empty() && !absl::SimpleAtoi(text, &number)) {
    return absl::DataLossError(absl::StrCat("meta value ", key, " is '", text, "', not a number"));
  }
  return number;
}

std::int64_t TermAfterRestore(std::int64_t last_term, absl::Time now) {
  return std::max(last_term + kRestoreStride, absl::ToUnixSeconds(now));
}

absl::Status MarkRestored(SqliteDb& db, absl::string_view how, absl::Time now) {
  SIMCLR_ASSIGN_OR_RETURN(const std::int64_t last, ReadMetaNumber(db, "term"));
  SIMCLR_RETURN_IF_ERROR(WriteMeta(db, "term", absl::StrCat(TermAfterRestore(last, now))));
  return WriteMeta(db, "restored",
                   absl::StrCat(how, " at ", absl::FormatTime(absl::RFC3339_sec, now, absl::UTCTimeZone())));
}

}  // namespace simclr::coordinator
