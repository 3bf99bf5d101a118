#include "worker/agent/control/hang_watch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/job/enum_word.h"
#include "common/job/proto_time.h"

namespace simclr::agent {
namespace {

constexpr absl::Duration kGroupMargin = absl::Minutes(1);
constexpr absl::Duration kLongestGroupTimeout = absl::Minutes(30);

bool WaitsForData(v1::Activity activity) {
  return activity == v1::ACTIVITY_OPENING_DATA || activity == v1::ACTIVITY_DATA;
}

std::string For(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Seconds(1)));
}

}  // namespace

absl::Duration GroupTimeout(const v1::Limits& limits) {
  absl::Duration longest;
  for (const google::protobuf::Duration& limit : {limits.init(), limits.data(), limits.first_step(),
                                                  limits.step(), limits.checkpoint(), limits.eval()}) {
    longest = std::max(longest, FromProto(limit));
  }
  if (longest == absl::ZeroDuration()) return kLongestGroupTimeout;
  return std::min(longest + kGroupMargin, kLongestGroupTimeout);
}

void HangWatch::OnProgress(const v1::Progress& progress, absl::Duration now) {
  last_report_ = now;
  const bool moved = progress.step() != progress_.step() || progress.activity() != progress_.activity();
  const bool read =
      progress.files_listed() != progress_.files_listed() || progress.bytes_read() != progress_.bytes_read();
  if (moved || (read && WaitsForData(progress.activity()))) last_progress_ = now;
  progress_ = progress;
}

void HangWatch::Excuse(absl::Duration now) {
  last_report_ = now;
  last_progress_ = now;
}

std::optional<std::string> HangWatch::Verdict(absl::Duration now,
                                              std::optional<absl::Duration> away_since) const {
  if (since_report(now) > silence_) return absl::StrCat("frozen: no report for ", For(since_report(now)));
  if (!away_since.has_value()) return std::nullopt;
  const absl::Duration still = now - std::max(last_progress_, *away_since);
  if (still <= group_timeout_) return std::nullopt;
  return absl::StrCat("no progress for ", For(still), " in ", EnumPhrase(progress_.activity()), " at step ",
                      progress_.step(), ", and no coordinator to judge the gang");
}

}  // namespace simclr::agent
