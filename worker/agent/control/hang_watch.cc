#include "worker/agent/control/hang_watch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/job/enum_word.h"

namespace simclr::agent {
namespace {

constexpr std::size_t kRecentSteps = 100;
constexpr std::size_t kWarmupSteps = 5;

}  // namespace

void HangWatch::OnProgress(v1::Activity activity, std::int64_t step, absl::Duration now) {
  last_report_ = now;
  if (step != step_) {
    if (step_ >= 0 && step > step_) {
      step_times_.push_back((now - last_step_) / static_cast<double>(step - step_));
      if (step_times_.size() > kRecentSteps) step_times_.pop_front();
    }
    if (first_step_ < 0) first_step_ = step;
    last_step_ = now;
  }
  if (step != step_ || activity != activity_) last_progress_ = now;
  step_ = step;
  activity_ = activity;
}

void HangWatch::OnRun(absl::Duration now) {
  has_run_ = true;
  last_progress_ = now;
}

void HangWatch::Excuse(absl::Duration now) {
  last_report_ = now;
  last_progress_ = now;
  last_step_ = now;
}

absl::Duration HangWatch::ProgressLimit() const {
  switch (activity_) {
    case v1::ACTIVITY_COLLECTIVE:
      return absl::InfiniteDuration();
    case v1::ACTIVITY_INIT:
      return has_run_ ? limits_.init : absl::InfiniteDuration();
    case v1::ACTIVITY_CHECKPOINT:
    case v1::ACTIVITY_SAVING:
      return limits_.checkpoint;
    case v1::ACTIVITY_EVAL:
      return limits_.eval;
    default:
      break;
  }
  if (step_times_.size() < kWarmupSteps) return limits_.first_step;
  return std::max(limits_.step,
                  *std::max_element(step_times_.begin(), step_times_.end()) * limits_.step_factor);
}

std::optional<std::string> HangWatch::Verdict(absl::Duration now) const {
  if (since_report(now) > limits_.report) {
    return absl::StrCat("frozen: no report for ",
                        absl::FormatDuration(absl::Trunc(since_report(now), absl::Seconds(1))));
  }
  if (since_progress(now) > ProgressLimit()) {
    return absl::StrCat("no progress for ",
                        absl::FormatDuration(absl::Trunc(since_progress(now), absl::Seconds(1))), " in ",
                        EnumPhrase(activity_), " at step ", std::max<std::int64_t>(step_, 0));
  }
  return std::nullopt;
}

}  // namespace simclr::agent
