#include "common/base/limit.h"

#include "absl/strings/str_cat.h"

namespace simclr {

std::string BytesText(std::int64_t bytes) {
  return absl::StrCat(bytes, " bytes");
}

std::string TimeText(absl::Duration duration) {
  constexpr absl::Duration kDay = absl::Hours(24);
  const bool days = duration > kDay && duration % kDay == absl::ZeroDuration();
  return days ? absl::StrCat(duration / kDay, "d") : absl::FormatDuration(duration);
}

std::string LimitTable(absl::string_view title, const std::vector<Limit>& limits) {
  std::string table =
      absl::StrCat("## ", title, "\n\n| limit | value | flag | beyond |\n|---|---|---|---|\n");
  for (const Limit& limit : limits) {
    const std::string flag = limit.flag.empty() ? "" : absl::StrCat("`", limit.flag, "`");
    absl::StrAppend(&table, "| ", limit.name, " | ", limit.value, " | ", flag, " | ", limit.beyond, " |\n");
  }
  return table;
}

}  // namespace simclr
