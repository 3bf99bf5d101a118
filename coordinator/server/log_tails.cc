#include "coordinator/server/log_tails.h"

#include <algorithm>
#include <utility>

namespace simclr::coordinator {

LogTails::Reader::Reader(LogTails& tails, FollowedRank rank) : tails_(tails), rank_(std::move(rank)) {
  absl::MutexLock lock(&tails_.mutex_);
  if (tails_.tails_[rank_].readers++ == 0) tails_.set_followed_(rank_, true);
}

LogTails::Reader::~Reader() {
  absl::MutexLock lock(&tails_.mutex_);
  if (--tails_.tails_[rank_].readers > 0) return;
  tails_.tails_.erase(rank_);
  tails_.set_followed_(rank_, false);
}

LogTails::Reader::Piece LogTails::Reader::Wait(std::int64_t offset, absl::Duration timeout) const {
  absl::MutexLock lock(&tails_.mutex_);
  const Tail& tail = tails_.tails_[rank_];
  const auto news = [&tail, offset] { return tail.end() > offset || tail.caught_up; };
  tails_.mutex_.AwaitWithTimeout(absl::Condition(&news), timeout);
  Piece piece;
  piece.offset = std::max(offset, tail.start);
  piece.caught_up = tail.caught_up;
  if (tail.end() > piece.offset)
    piece.data = tail.buffer.substr(static_cast<std::size_t>(piece.offset - tail.start));
  return piece;
}

std::int64_t LogTails::Push(const FollowedRank& rank, std::int64_t offset, absl::string_view data) {
  absl::MutexLock lock(&mutex_);
  const auto found = tails_.find(rank);
  if (found == tails_.end()) return 0;  // nobody reads any more
  Tail& tail = found->second;
  if (offset != tail.end()) return tail.end();  // a repeat, or a gap after a restart of this process
  tail.buffer.append(data.data(), data.size());
  tail.caught_up = data.size() < options_.full_push_bytes;
  if (tail.buffer.size() > options_.buffer_bytes) {
    const std::size_t dropped = tail.buffer.size() - options_.buffer_bytes;
    tail.buffer.erase(0, dropped);
    tail.start += static_cast<std::int64_t>(dropped);
  }
  return tail.end();
}

}  // namespace simclr::coordinator
