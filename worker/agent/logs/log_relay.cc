#include "worker/agent/logs/log_relay.h"

#include <algorithm>
#include <utility>

#include "worker/agent/base/rank_log.h"

namespace simclr::agent {

void LogRelay::Follow(std::uint64_t incarnation, std::vector<FollowedLog> logs) {
  {
    absl::MutexLock lock(&mutex_);
    incarnation_ = incarnation;
    if (logs == followed_) return;
    followed_ = std::move(logs);
  }
  wake().Raise();
}

absl::Duration LogRelay::RunOnce(absl::Duration now) {
  std::vector<FollowedLog> followed;
  std::uint64_t incarnation = 0;
  {
    absl::MutexLock lock(&mutex_);
    followed = followed_;
    incarnation = incarnation_;
  }
  for (const FollowedLog& log : followed) Push(log, /*ended=*/false, incarnation);
  for (const FollowedLog& log : pushed_) {
    if (std::find(followed.begin(), followed.end(), log) == followed.end()) {
      Push(log, /*ended=*/true, incarnation);
    }
  }
  pushed_ = std::move(followed);
  return pushed_.empty() ? absl::InfiniteDuration() : now + options_.interval;
}

void LogRelay::Push(const FollowedLog& log, bool ended, std::uint64_t incarnation) {
  v1::PushLogTailRequest push;
  push.set_worker(options_.worker);
  push.set_incarnation(incarnation);
  push.set_job_id(log.key.job_id);
  push.set_attempt(log.key.attempt);
  push.set_rank(log.key.rank);
  push.set_nonce(log.key.nonce);
  push.set_offset(offsets_[log.key]);
  push.set_ended(ended);
  push.set_data(ReadAt(log.path, push.offset(), options_.max_push_bytes).value_or(""));
  const absl::StatusOr<v1::PushLogTailResponse> answer = coordinator_.PushLogTail(push);
  // What did not arrive is sent again next time: the offset stays.
  if (answer.ok()) offsets_[log.key] = answer->want_offset();
  if (ended) offsets_.erase(log.key);
}

}  // namespace simclr::agent
