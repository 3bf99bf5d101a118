#include "coordinator/policy/hang_judge.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/job/enum_word.h"
#include "common/job/proto_time.h"

namespace simclr::coordinator {
namespace {

constexpr std::size_t kRecentSteps = 100;
constexpr std::size_t kFewSteps = 5;
constexpr absl::Duration kLeastStep = absl::Seconds(60);
constexpr double kStepFactor = 5;

// A limit and the field of the job file that sets it.
struct Allowed {
  absl::Duration time;
  const char* field = "";
};

Allowed AllowedIn(v1::Activity activity, const HangLimits& limits) {
  switch (activity) {
    case v1::ACTIVITY_INIT:
      return {limits.init, "init"};
    case v1::ACTIVITY_OPENING_DATA:
    case v1::ACTIVITY_DATA:
      return {limits.data, "data"};
    case v1::ACTIVITY_CHECKPOINT:
    case v1::ACTIVITY_SAVING:
      return {limits.checkpoint, "checkpoint"};
    case v1::ACTIVITY_EVAL:
      return {limits.eval, "eval"};
    default:
      return {limits.step, "step"};
  }
}

// The others wait for a rank that does this, however long it may take.
bool IsWaitedFor(v1::Activity activity) {
  return activity == v1::ACTIVITY_CHECKPOINT || activity == v1::ACTIVITY_SAVING ||
         activity == v1::ACTIVITY_EVAL || activity == v1::ACTIVITY_OPENING_DATA;
}

struct StillRank {
  const RankView* rank = nullptr;
  absl::Duration since;
};

// The gang as the judge sorts it.
struct Sorted {
  std::vector<StillRank> late;     // beyond their limit, in no collective
  std::vector<StillRank> waiting;  // in a collective
  std::vector<const RankView*> unseen;
  bool somebody_is_busy = false;  // with what the others wait for
  bool all_known = true;          // nobody has ended or is out of hearing
};

Sorted Sort(const AttemptView& attempt) {
  Sorted sorted;
  for (const RankView& rank : attempt.ranks) {
    if (rank.exit != nullptr || rank.worker != v1::WORKER_STATE_CONNECTED) {
      sorted.all_known = false;
    } else if (rank.observed == nullptr) {
      sorted.unseen.push_back(&rank);
    } else if (rank.observed->activity() == v1::ACTIVITY_COLLECTIVE && attempt.ranks.size() > 1) {
      sorted.waiting.push_back({&rank, FromProto(rank.observed->since_progress())});
    } else {
      const v1::Activity activity = rank.observed->activity();
      const absl::Duration since = FromProto(rank.observed->since_progress());
      const bool late = since > AllowedIn(activity, attempt.limits).time;
      if (late) sorted.late.push_back({&rank, since});
      sorted.somebody_is_busy |= !late && IsWaitedFor(activity);
    }
  }
  return sorted;
}

std::string For(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Seconds(1)));
}

std::string NameOf(const RankView& rank) {
  return absl::StrCat("rank ", rank.rank, " on ", rank.worker_name);
}

Judgement Hang(int culprit, std::string message) {
  return {v1::FAILURE_CLASS_HANG, culprit, std::move(message)};
}

std::optional<Judgement> JudgeUnseen(const AttemptView& attempt, const Sorted& sorted) {
  const bool too_long = attempt.starting && attempt.since_placed > attempt.limits.init;
  if (sorted.unseen.empty() || !too_long) return std::nullopt;
  const std::string limit =
      absl::StrCat(" was started within limits.init, ", absl::FormatDuration(attempt.limits.init));
  if (sorted.unseen.size() == attempt.ranks.size() && attempt.ranks.size() > 1) {
    return Hang(-1, absl::StrCat("no rank", limit));
  }
  const RankView& first = *sorted.unseen.front();
  return Hang(first.rank, absl::StrCat("nothing of ", NameOf(first), limit));
}

std::optional<Judgement> JudgeLate(const AttemptView& attempt, const Sorted& sorted) {
  if (sorted.late.empty()) return std::nullopt;
  // Who stopped first.
  const StillRank& longest =
      *std::max_element(sorted.late.begin(), sorted.late.end(),
                        [](const StillRank& a, const StillRank& b) { return a.since < b.since; });
  const v1::ObservedRank& observed = *longest.rank->observed;
  const Allowed allowed = AllowedIn(observed.activity(), attempt.limits);
  const bool all = sorted.late.size() == attempt.ranks.size() && attempt.ranks.size() > 1;
  const std::string who = all ? absl::StrCat("all ", attempt.ranks.size(), " ranks hang")
                              : absl::StrCat(NameOf(*longest.rank), " hangs");
  return Hang(all ? -1 : longest.rank->rank,
              absl::StrCat(who, " in ", EnumPhrase(observed.activity()), " at step ", observed.step(),
                           ": no progress for ", For(longest.since), ", limits.", allowed.field, " is ",
                           absl::FormatDuration(allowed.time)));
}

}  // namespace

void StepTimes::OnStep(std::int64_t step, v1::Activity activity, absl::Duration now) {
  if (step > step_ && step_ >= 0) {
    times_.push_back((now - since_) / static_cast<double>(step - step_));
    if (times_.size() > kRecentSteps) times_.pop_front();
  }
  const bool in_a_step =
      activity != v1::ACTIVITY_CHECKPOINT && activity != v1::ACTIVITY_SAVING && activity != v1::ACTIVITY_EVAL;
  if (step != step_ || !in_a_step) since_ = now;
  step_ = step;
}

std::optional<absl::Duration> StepTimes::Slow() const {
  if (times_.size() < kFewSteps) return std::nullopt;
  std::vector<absl::Duration> sorted(times_.begin(), times_.end());
  const auto nearest = static_cast<std::size_t>(std::ceil(0.99 * static_cast<double>(sorted.size())));
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(nearest) - 1, sorted.end());
  return sorted[nearest - 1];
}

HangLimits LimitsOf(const v1::Limits& limits, const StepTimes& steps) {
  const auto limit = [](const google::protobuf::Duration& written) {
    const absl::Duration time = FromProto(written);
    return time > absl::ZeroDuration() ? time : absl::InfiniteDuration();
  };
  HangLimits all{limit(limits.init()),       limit(limits.data()), limit(limits.first_step()), {},
                 limit(limits.checkpoint()), limit(limits.eval()), limit(limits.grace())};
  const std::optional<absl::Duration> slow = steps.Slow();
  if (limits.has_step() && steps.any()) {
    all.step = limit(limits.step());
  } else if (!limits.has_step() && slow.has_value()) {
    all.step = std::max(kLeastStep, kStepFactor * *slow);
  } else {
    all.step = all.first_step;
  }
  return all;
}

std::optional<Judgement> JudgeHang(const AttemptView& attempt) {
  const Sorted sorted = Sort(attempt);
  if (sorted.somebody_is_busy) return std::nullopt;
  if (auto unseen = JudgeUnseen(attempt, sorted)) return unseen;
  if (auto late = JudgeLate(attempt, sorted)) return late;
  const bool all_wait = sorted.all_known && sorted.waiting.size() == attempt.ranks.size() &&
                        std::all_of(sorted.waiting.begin(), sorted.waiting.end(),
                                    [&](const StillRank& rank) { return rank.since > attempt.limits.step; });
  if (!all_wait) return std::nullopt;
  return Hang(-1, absl::StrCat("all ranks wait in a collective operation for longer than ",
                               absl::FormatDuration(attempt.limits.step),
                               ", the limit of a step; the network between them may be cut"));
}

}  // namespace simclr::coordinator
