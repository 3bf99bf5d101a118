#include "worker/agent/log_relay.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "worker/agent/rank_log.h"

namespace simclr::agent {

LogRelay::LogRelay(const LogRelayOptions& options, CoordinatorClient& coordinator)
    : options_(options), coordinator_(coordinator), thread_([this] {
        ::pthread_setname_np(::pthread_self(), "log-relay");
        RelayAll();
      }) {}

LogRelay::~LogRelay() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
}

void LogRelay::Follow(std::uint64_t incarnation, std::vector<FollowedLog> logs) {
  absl::MutexLock lock(&mutex_);
  incarnation_ = incarnation;
  followed_ = std::move(logs);
}

void LogRelay::RelayAll() {
  std::vector<FollowedLog> before;
  while (true) {
    std::vector<FollowedLog> now;
    std::uint64_t incarnation = 0;
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), options_.interval)) return;
      now = followed_;
      incarnation = incarnation_;
    }
    for (const FollowedLog& log : now) Push(log, /*ended=*/false, incarnation);
    for (const FollowedLog& log : before) {
      if (std::find(now.begin(), now.end(), log) == now.end()) Push(log, /*ended=*/true, incarnation);
    }
    before = std::move(now);
  }
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
