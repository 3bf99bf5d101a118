#include "cli/text.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/base/text.h"
#include "common/job/proto_time.h"

namespace simclr::cli {

std::string ShortDuration(absl::Duration duration) {
  constexpr std::array<std::pair<std::int64_t, absl::string_view>, 4> kUnits = {
      {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}}};
  const std::int64_t seconds = std::max<std::int64_t>(0, absl::ToInt64Seconds(duration));
  std::size_t unit = 0;
  while (unit + 1 < kUnits.size() && seconds < kUnits[unit].first) ++unit;
  std::string text = absl::StrCat(seconds / kUnits[unit].first, kUnits[unit].second);
  if (unit + 1 == kUnits.size()) return text;
  const std::int64_t rest = seconds % kUnits[unit].first / kUnits[unit + 1].first;
  if (rest > 0) absl::StrAppend(&text, rest, kUnits[unit + 1].second);
  return text;
}

std::string ShortBytes(std::int64_t bytes) {
  constexpr std::array<absl::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return unit == 0 ? absl::StrCat(bytes, " B") : absl::StrFormat("%.1f %s", value, kUnits[unit]);
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return absl::InfinitePast();
  return FromProto(time);
}

std::string LocalTime(const google::protobuf::Timestamp& time) {
  const absl::Time at = ToTime(time);
  if (at == absl::InfinitePast()) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", at, absl::LocalTimeZone());
}

std::string Age(const google::protobuf::Timestamp& since) {
  const absl::Time start = ToTime(since);
  return start == absl::InfinitePast() ? "-" : ShortDuration(absl::Now() - start);
}

std::string OrDash(absl::string_view text) {
  return text.empty() ? "-" : std::string(text);
}

std::string LabelsText(const v1::JobSpec& spec) {
  std::vector<std::string> labels;
  for (const auto& [key, value] : spec.labels()) labels.push_back(absl::StrCat(key, "=", value));
  std::sort(labels.begin(), labels.end());
  return OrDash(absl::StrJoin(labels, ","));
}

std::string FirstLine(absl::string_view text) {
  text = absl::StripTrailingAsciiWhitespace(text);
  const std::size_t end = text.find('\n');
  if (end == absl::string_view::npos) return Printable(text);
  return absl::StrCat(Printable(absl::StripTrailingAsciiWhitespace(text.substr(0, end))), " ...");
}

void Table::AddRow(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = Printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::Text() {
  for (const auto& row : rows_) {
    widths_.resize(std::max(widths_.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      absl::StrAppend(&text, row[i], std::string(widths_[i] - row[i].size() + 2, ' '));
    }
    absl::StrAppend(&text, row.back(), "\n");
  }
  rows_.clear();
  return text;
}

}  // namespace simclr::cli
