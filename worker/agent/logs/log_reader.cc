#include "worker/agent/logs/log_reader.h"

#include <algorithm>

#include "common/base/last_lines.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/job/proto_time.h"
#include "worker/agent/base/rank_log.h"

namespace simclr::agent {

absl::StatusOr<v1::LogPiece> ReadLogPiece(const std::string& path, const v1::LogWanted& wanted,
                                          std::int64_t max_bytes) {
  for (;;) {
    SIMCLR_ASSIGN_OR_RETURN(const LogRange range, RangeOfLog(path));
    std::int64_t offset = wanted.offset();
    if (wanted.tail_lines() > 0) {
      SIMCLR_ASSIGN_OR_RETURN(offset, OffsetOfLastLines(range.base, range.end, wanted.tail_lines(),
                                                        [&path](std::int64_t from, std::size_t limit) {
                                                          return ReadAt(path, from,
                                                                        static_cast<std::int64_t>(limit));
                                                        }));
    }
    v1::LogPiece piece;
    piece.set_offset(std::max(offset, range.base));
    SIMCLR_ASSIGN_OR_RETURN(*piece.mutable_data(), ReadAt(path, piece.offset(), max_bytes));
    piece.set_at_end(static_cast<std::int64_t>(piece.data().size()) < max_bytes);
    // What was rotated away meanwhile reads as zeros.
    SIMCLR_ASSIGN_OR_RETURN(const LogRange after, RangeOfLog(path));
    if (after.base <= piece.offset() || piece.data().empty()) return piece;
  }
}

void LogReader::SetLogs(std::map<RankKey, LocalLog> logs) {
  {
    absl::MutexLock lock(&mutex_);
    if (logs == logs_) return;
    logs_ = std::move(logs);
  }
  wake().Raise();
}

void LogReader::Ask(const v1::LogWanted& wanted) {
  {
    absl::MutexLock lock(&mutex_);
    if (asked_.size() >= options_.max_waiting) return;
    asked_.push_back(wanted);
  }
  wake().Raise();
}

absl::Duration LogReader::RunOnce(absl::Duration now) {
  std::map<RankKey, LocalLog> logs;
  {
    absl::MutexLock lock(&mutex_);
    logs = logs_;
    while (!asked_.empty() && waiting_.size() < options_.max_waiting) {
      const absl::Duration wait = FromProto(asked_.front().wait());
      waiting_.push_back({std::move(asked_.front()), now + std::min(wait, options_.max_wait)});
      asked_.pop_front();
    }
  }
  std::erase_if(waiting_, [&](const Question& question) {
    v1::LogPiece piece = Read(question.wanted, logs);
    const bool over = piece.missing() || piece.ended() || !piece.data().empty() || now >= question.until;
    if (over) answer_(std::move(piece));
    return over;
  });
  return waiting_.empty() ? absl::InfiniteDuration() : now + options_.look_interval;
}

v1::LogPiece LogReader::Read(const v1::LogWanted& wanted, const std::map<RankKey, LocalLog>& logs) const {
  v1::LogPiece missing;
  missing.set_id(wanted.id());
  missing.set_missing(true);
  const auto log = logs.find({wanted.job_id(), wanted.attempt(), wanted.rank(), wanted.nonce()});
  if (log == logs.end()) return missing;
  absl::StatusOr<v1::LogPiece> piece = ReadLogPiece(log->second.path, wanted, options_.piece_bytes);
  if (!piece.ok()) {
    if (!absl::IsNotFound(piece.status())) {
      LogWarning("a log cannot be read", {{"path", log->second.path}, {"cause", piece.status().ToString()}});
    }
    return missing;
  }
  piece->set_id(wanted.id());
  piece->set_ended(piece->at_end() && log->second.ended);
  return *std::move(piece);
}

}  // namespace simclr::agent
