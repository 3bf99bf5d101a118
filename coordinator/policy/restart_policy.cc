#include "coordinator/policy/restart_policy.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/backoff.h"
#include "common/base/text.h"
#include "common/job/enum_word.h"

namespace simclr::coordinator {
namespace {

bool IsUserError(v1::FailureClass failure) {
  return failure == v1::FAILURE_CLASS_CONFIG_ERROR || failure == v1::FAILURE_CLASS_DATA_ERROR ||
         failure == v1::FAILURE_CLASS_NON_FINITE || failure == v1::FAILURE_CLASS_OUT_OF_MEMORY;
}

absl::Duration WaitAfter(const RestartOptions& options, int failures_in_row) {
  return BackoffDelay({options.initial_backoff, options.max_backoff, 2, /*jitter=*/0}, failures_in_row, 0);
}

// Leaves room for what is said around it, so that a job's message keeps to its limit.
std::string Sentence(const AttemptEnd& end) {
  constexpr std::size_t kRoom = 512;
  const std::string message = PrintableLines(end.message, kMaxMessageText - kRoom);
  return message.empty() ? EnumPhrase(end.failure) : absl::StrCat(EnumPhrase(end.failure), ": ", message);
}

Verdict Ended(v1::Phase phase, v1::Reason reason, std::string message) {
  Verdict verdict;
  verdict.phase = phase;
  verdict.reason = reason;
  verdict.message = std::move(message);
  return verdict;
}

Verdict UserError(const AttemptEnd& end) {
  std::string message = Sentence(end);
  if (end.failure == v1::FAILURE_CLASS_NON_FINITE) {
    absl::StrAppend(&message, end.last_good_step > 0
                                  ? absl::StrCat("; the last good checkpoint is of step ", end.last_good_step)
                                  : "; there is no checkpoint yet");
  }
  return Ended(v1::PHASE_FAILED, v1::REASON_FAILURE, std::move(message));
}

Verdict Restart(const RestartOptions& options, const AttemptEnd& end) {
  const bool healthy = end.committed && end.ran >= options.backoff_reset;
  // An update of the nodes is no failure of the job.
  const bool fruitless = !end.committed && end.failure != v1::FAILURE_CLASS_DRAINED &&
                         end.failure != v1::FAILURE_CLASS_BUILD_DIFFERS;
  Verdict next = Ended(v1::PHASE_QUEUED, v1::REASON_BACKOFF, Sentence(end));
  next.counted =
      end.failure == v1::FAILURE_CLASS_CRASH || end.failure == v1::FAILURE_CLASS_RESOURCE || end.jobs_fault;
  next.failures_in_row = healthy ? 1 : end.failures_in_row + 1;
  next.fruitless_attempts = fruitless ? end.fruitless_attempts + 1 : 0;
  next.wait = WaitAfter(options, next.failures_in_row);
  if (next.counted && end.restarts >= end.max_restarts) {
    return Ended(v1::PHASE_FAILED, v1::REASON_RESTARTS_EXHAUSTED,
                 absl::StrCat("all ", end.max_restarts, " restarts are used up; the last attempt ended by ",
                              Sentence(end)));
  }
  // A user who allows more crashes gets them.
  const int limit =
      next.counted ? std::max(options.fruitless_limit, end.max_restarts + 1) : options.fruitless_limit;
  if (next.fruitless_attempts >= limit) {
    return Ended(
        v1::PHASE_FAILED, v1::REASON_NO_PROGRESS,
        absl::StrCat(next.fruitless_attempts, " attempts in a row made no new checkpoint; the last ended by ",
                     Sentence(end)));
  }
  return next;
}

}  // namespace

Verdict DecideAfterAttempt(const RestartOptions& options, const AttemptEnd& end) {
  if (end.failure == v1::FAILURE_CLASS_SUCCESS) return Ended(v1::PHASE_SUCCEEDED, v1::REASON_UNSPECIFIED, "");
  if (end.failure == v1::FAILURE_CLASS_CANCELLED) {
    return Ended(v1::PHASE_CANCELLED, v1::REASON_CANCELLED_BY_USER,
                 end.message.empty() ? "cancelled" : PrintableLines(end.message, kMaxMessageText));
  }
  if (IsUserError(end.failure)) return UserError(end);
  if (end.failure == v1::FAILURE_CLASS_STORAGE_FULL) {
    Verdict paused = Ended(v1::PHASE_PAUSED, v1::REASON_STORAGE_FULL,
                           absl::StrCat(Sentence(end), "; free some space: it is tried again in ",
                                        absl::FormatDuration(options.storage_retry)));
    paused.wait = options.storage_retry;
    return paused;
  }
  if (end.failure == v1::FAILURE_CLASS_DRAINED) {
    Verdict next = Restart(options, end);
    next.wait = absl::ZeroDuration();
    next.failures_in_row = 0;
    return next;
  }
  return Restart(options, end);
}

}  // namespace simclr::coordinator
