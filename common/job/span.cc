#include "common/job/span.h"

#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace simclr {
namespace {

// Takes the longest beginning of `text` of which every character `is_part` holds.
template <typename Predicate>
absl::string_view Take(absl::string_view& text, Predicate is_part) {
  std::size_t end = 0;
  while (end < text.size() && is_part(text[end])) ++end;
  const absl::string_view taken = text.substr(0, end);
  text.remove_prefix(end);
  return taken;
}

}  // namespace

absl::StatusOr<absl::Duration> ParseSpan(absl::string_view text) {
  static const auto& units = *new std::map<absl::string_view, absl::Duration>{
      {"ms", absl::Milliseconds(1)}, {"s", absl::Seconds(1)}, {"m", absl::Minutes(1)},
      {"h", absl::Hours(1)},         {"d", absl::Hours(24)},  {"w", absl::Hours(7 * 24)}};
  const absl::Status wrong = absl::InvalidArgumentError(absl::StrCat(
      "'", text, "' is no length of time; write a number with a unit, such as 90s, 30m, 12h, 7d or 2w"));
  if (text.empty()) return wrong;
  absl::Duration sum;
  for (absl::string_view rest = text; !rest.empty();) {
    double number = 0;
    const bool is_number =
        absl::SimpleAtod(Take(rest, [](char c) { return absl::ascii_isdigit(c) || c == '.'; }), &number);
    const auto unit = units.find(Take(rest, absl::ascii_isalpha));
    if (!is_number || unit == units.end()) return wrong;
    sum += number * unit->second;
  }
  return sum == absl::InfiniteDuration() ? absl::StatusOr<absl::Duration>(wrong) : sum;
}

}  // namespace simclr
