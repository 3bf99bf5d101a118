#include "coordinator/policy/attempt_judge.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/policy/hang_judge.h"

namespace simclr::coordinator {
namespace {

bool IsSuccess(const RankView& rank) {
  return rank.exit != nullptr && rank.exit->failure() == v1::FAILURE_CLASS_SUCCESS;
}

bool IsLost(const RankView& rank) {
  return rank.exit == nullptr && rank.worker == v1::WORKER_STATE_LOST;
}

bool IsGone(const RankView& rank) {
  return rank.exit != nullptr || IsLost(rank) || (rank.stop_seen && rank.observed == nullptr);
}

// Effects of another rank's end, or of an order: not a cause.
bool IsSecondary(v1::FailureClass failure) {
  return failure == v1::FAILURE_CLASS_PEER_LOST || failure == v1::FAILURE_CLASS_CANCELLED ||
         failure == v1::FAILURE_CLASS_DRAINED;
}

Judgement FromExit(const v1::ExitRecord& exit) {
  return {exit.failure(), exit.rank(), exit.message()};
}

// As its agent says it, where it does.
std::string HowItStays(const RankView& rank) {
  if (rank.observed == nullptr) return "";
  const std::string& stuck = rank.observed->stuck();
  return absl::StrCat(" (", stuck.empty() ? absl::StrCat("pid ", rank.observed->pid()) : stuck, ")");
}

// Of the ranks that outlive the signals.
std::string WhoIsLeft(const AttemptView& attempt) {
  std::vector<std::string> left;
  for (const RankView& rank : attempt.ranks) {
    if (IsGone(rank)) continue;
    left.push_back(absl::StrCat("rank ", rank.rank, " on ", rank.worker_name, HowItStays(rank)));
  }
  return absl::StrJoin(left, ", ");
}

std::optional<Judgement> JudgeStopping(const JudgeOptions& options, const AttemptView& attempt) {
  if (IsSuccess(attempt.ranks[0])) return Judgement{v1::FAILURE_CLASS_SUCCESS, -1, ""};
  const Judgement cancelled{v1::FAILURE_CLASS_CANCELLED, -1, "cancelled"};
  if (std::all_of(attempt.ranks.begin(), attempt.ranks.end(), IsGone)) return cancelled;
  if (attempt.since_stopping <= options.stop_limit) return std::nullopt;
  return Judgement{
      v1::FAILURE_CLASS_CANCELLED, -1,
      absl::StrCat("cancelled, though these did not end within ", absl::FormatDuration(options.stop_limit),
                   " and hold their slots until they do: ", WhoIsLeft(attempt))};
}

// Its report was refused, or is held up for good: nothing else would end the attempt.
std::optional<Judgement> JudgeAbsence(const JudgeOptions& options, const AttemptView& attempt) {
  for (const RankView& rank : attempt.ranks) {
    const bool expected = rank.exit == nullptr && rank.worker == v1::WORKER_STATE_CONNECTED;
    if (!expected || rank.absent <= options.report_limit) continue;
    return Judgement{
        v1::FAILURE_CLASS_CRASH, rank.rank,
        absl::StrCat("rank ", rank.rank, " is gone from ", rank.worker_name, "; its end was never reported")};
  }
  return std::nullopt;
}

// A rank that ended by its own fault, in rank order; a secondary end only once nothing better can be
// expected.
std::optional<Judgement> JudgeExits(const JudgeOptions& options, const AttemptView& attempt) {
  const v1::ExitRecord* secondary = nullptr;
  bool drained = false;
  for (const RankView& rank : attempt.ranks) {
    if (rank.exit == nullptr || IsSuccess(rank)) continue;
    if (!IsSecondary(rank.exit->failure())) return FromExit(*rank.exit);
    drained = drained || rank.exit->failure() == v1::FAILURE_CLASS_DRAINED;
    if (secondary == nullptr) secondary = rank.exit;
  }
  for (const RankView& rank : attempt.ranks) {
    if (!IsLost(rank)) continue;
    return Judgement{v1::FAILURE_CLASS_WORKER_LOST, rank.rank, absl::StrCat(rank.worker_name, " is lost")};
  }
  if (const auto by_absence = JudgeAbsence(options, attempt)) return by_absence;
  if (secondary == nullptr) return std::nullopt;
  const bool all_gone = std::all_of(attempt.ranks.begin(), attempt.ranks.end(), IsGone);
  const absl::Duration wait = drained ? attempt.limits.grace : options.root_cause_wait;
  if (!all_gone && attempt.since_first_exit < wait) return std::nullopt;
  Judgement judgement = FromExit(*secondary);
  // Only a user cancels a job, and that attempt is stopping. An agent that stopped a rank lets the job go on.
  if (judgement.failure == v1::FAILURE_CLASS_CANCELLED) judgement.failure = v1::FAILURE_CLASS_DRAINED;
  return judgement;
}

}  // namespace

std::optional<Judgement> JudgeAttempt(const JudgeOptions& options, const AttemptView& attempt) {
  if (attempt.stopping) return JudgeStopping(options, attempt);
  if (IsSuccess(attempt.ranks[0])) {
    const bool all_over = std::all_of(attempt.ranks.begin(), attempt.ranks.end(), IsGone);
    const bool waited = attempt.since_first_exit > options.root_cause_wait;
    if (all_over || waited) return Judgement{v1::FAILURE_CLASS_SUCCESS, -1, ""};
    return std::nullopt;
  }
  if (const auto by_exit = JudgeExits(options, attempt)) return by_exit;
  return JudgeHang(attempt);
}

}  // namespace simclr::coordinator
