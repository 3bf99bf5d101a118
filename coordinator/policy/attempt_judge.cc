#include "coordinator/policy/attempt_judge.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

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

std::string WhoOutlives(const JudgeOptions& options, const AttemptView& attempt) {
  const RankView& rank = *std::find_if_not(attempt.ranks.begin(), attempt.ranks.end(), IsGone);
  std::string text = absl::StrCat("cancelled; rank ", rank.rank, " on ", rank.worker_name,
                                  " did not end within ", absl::FormatDuration(options.stop_limit));
  if (rank.observed == nullptr) return text;
  return absl::StrCat(text, ": ",
                      rank.observed->stuck().empty() ? absl::StrCat("pid ", rank.observed->pid(), " is there")
                                                     : rank.observed->stuck());
}

// A process that the kernel does not let go must not hold its job.
std::optional<Judgement> JudgeStopping(const JudgeOptions& options, const AttemptView& attempt) {
  if (IsSuccess(attempt.ranks[0])) return Judgement{v1::FAILURE_CLASS_SUCCESS, -1, ""};
  if (std::all_of(attempt.ranks.begin(), attempt.ranks.end(), IsGone)) {
    return Judgement{v1::FAILURE_CLASS_CANCELLED, -1, "cancelled"};
  }
  if (attempt.since_stopping <= options.stop_limit) return std::nullopt;
  return Judgement{v1::FAILURE_CLASS_CANCELLED, -1, WhoOutlives(options, attempt)};
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
  const absl::Duration wait = drained ? options.drain_wait : options.root_cause_wait;
  if (!all_gone && attempt.since_first_exit < wait) return std::nullopt;
  Judgement judgement = FromExit(*secondary);
  // Only a user cancels a job, and that attempt is stopping. An agent that stopped a rank lets the job go on.
  if (judgement.failure == v1::FAILURE_CLASS_CANCELLED) judgement.failure = v1::FAILURE_CLASS_DRAINED;
  return judgement;
}

absl::Duration LimitOf(const JudgeOptions& options, v1::Activity activity) {
  switch (activity) {
    case v1::ACTIVITY_CHECKPOINT:
    case v1::ACTIVITY_SAVING:
      return options.checkpoint_limit;
    case v1::ACTIVITY_EVAL:
      return options.eval_limit;
    case v1::ACTIVITY_INIT:
      return options.start_limit;
    default:
      return options.step_limit;
  }
}

absl::Duration SinceProgress(const v1::ObservedRank& rank) {
  return absl::Seconds(rank.since_progress().seconds()) + absl::Nanoseconds(rank.since_progress().nanos());
}

absl::Duration SinceReport(const v1::ObservedRank& rank) {
  return absl::Seconds(rank.since_report().seconds()) + absl::Nanoseconds(rank.since_report().nanos());
}

Judgement Hang(int rank, std::string message) {
  return {v1::FAILURE_CLASS_HANG, rank, std::move(message)};
}

// Everybody waits for everybody in synchronous training, so a rank inside a collective is never the culprit.
std::optional<Judgement> JudgeProgress(const JudgeOptions& options, const AttemptView& attempt) {
  bool all_in_collective = true;
  for (const RankView& rank : attempt.ranks) {
    const bool seen =
        rank.observed != nullptr && rank.worker == v1::WORKER_STATE_CONNECTED && rank.exit == nullptr;
    if (!seen) {
      all_in_collective = false;
      continue;
    }
    const v1::ObservedRank& observed = *rank.observed;
    if (SinceReport(observed) > options.frozen_limit) {
      return Hang(rank.rank,
                  absl::StrCat("rank ", rank.rank, " on ", rank.worker_name, " is frozen: no report for ",
                               absl::FormatDuration(SinceReport(observed))));
    }
    if (observed.activity() == v1::ACTIVITY_COLLECTIVE) {
      all_in_collective = all_in_collective && SinceProgress(observed) > options.collective_limit;
      continue;
    }
    all_in_collective = false;
    if (SinceProgress(observed) > LimitOf(options, observed.activity())) {
      return Hang(rank.rank, absl::StrCat("rank ", rank.rank, " on ", rank.worker_name, " hangs at step ",
                                          observed.step(), ": no progress for ",
                                          absl::FormatDuration(SinceProgress(observed))));
    }
  }
  if (!all_in_collective) return std::nullopt;
  return Hang(-1, "all ranks wait in a collective operation; the network between them may be cut");
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
  if (attempt.starting && attempt.since_placed > options.start_limit) {
    return Hang(-1, absl::StrCat("not all ranks met within ", absl::FormatDuration(options.start_limit)));
  }
  return JudgeProgress(options, attempt);
}

}  // namespace simclr::coordinator
