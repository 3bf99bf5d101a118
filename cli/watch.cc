#include "cli/watch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/ids.h"

namespace simclr::cli {

bool IsEnded(v1::Phase phase) {
  return phase == v1::PHASE_SUCCEEDED || phase == v1::PHASE_FAILED || phase == v1::PHASE_CANCELLED;
}

absl::Status WithReconnect(const Client& client, const std::stop_token& stop, absl::Duration outage_limit,
                           const std::function<absl::Status(const std::function<void()>& answered)>& open) {
  Backoff backoff(BackoffOptions(), RandomBits());
  std::optional<absl::Duration> last_answer;
  const auto answered = [&] {
    backoff.Reset();
    last_answer = RealClock().Monotonic();
  };
  while (true) {
    absl::Status status = open(answered);
    if (!absl::IsUnavailable(status)) return status;
    if (!last_answer.has_value() || RealClock().Monotonic() - *last_answer >= outage_limit) return status;
    client.KeepConnecting(stop, backoff.Next());
    if (stop.stop_requested()) return status;
  }
}

absl::StatusOr<std::optional<v1::Job>> WatchUntil(Client& client, const std::string& job, absl::Time deadline,
                                                  const std::function<bool(const v1::Job&)>& done) {
  std::optional<v1::Job> found;
  bool deleted = false;
  const absl::Status status =
      WithReconnect(client, {}, kOutageLimit, [&](const std::function<void()>& answered) {
        return client.WatchJobs({job}, {}, deadline, [&](const v1::JobChange& change) {
          answered();
          deleted = change.deleted();
          if (!deleted && done(change.job())) found = change.job();
          return !deleted && !found.has_value();
        });
      });
  if (deleted) return absl::NotFoundError(absl::StrCat("job ", job, " was deleted"));
  if (found.has_value() || absl::IsDeadlineExceeded(status)) return found;
  if (!status.ok()) return status;
  return absl::InternalError("the coordinator ended the watch before the job ended; ask again");
}

}  // namespace simclr::cli
