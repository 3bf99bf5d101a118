#include "worker/agent/archive/archive.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/log_name.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "worker/agent/base/trainer_handle.h"

namespace simclr::agent {
namespace {

constexpr char kStorage[] = "storage";
constexpr LogRange kNoLog = {0, -1};

std::string PartialOf(const std::string& target) {
  return absl::StrCat(target, ".partial");
}

}  // namespace

Archive::Archive(ArchiveOptions options, FileSystem& files, const Clock& clock, std::uint64_t seed,
                 std::function<void(const Archived&)> archived)
    : options_(std::move(options)),
      files_(files),
      clock_(clock),
      archived_(std::move(archived)),
      calls_(clock),
      seed_(seed) {}

bool Archive::Add(ArchiveRequest request) {
  {
    absl::MutexLock lock(&mutex_);
    if (waiting_.size() >= options_.max_waiting) return false;
    waiting_.push_back({std::move(request), std::nullopt, 0, Backoff(options_.retry, seed_++)});
    ++figures_.logs;
  }
  wake().Raise();
  return true;
}

absl::Duration Archive::RunOnce(absl::Duration now) {
  Measure();
  if (!current_.has_value() && !Begin(now)) {
    if (now - looked_at_ >= options_.look_interval) {
      const CallWatch::Call call(calls_, kStorage);
      static_cast<void>(files_.Exists(options_.root));
      looked_at_ = now;
    }
    return NextDue(now);
  }
  const absl::StatusOr<bool> complete = CopyPiece();
  if (!complete.ok()) {
    OnFailure(complete.status());
  } else if (*complete) {
    OnComplete();
  }
  return now;
}

bool Archive::Begin(absl::Duration now) {
  absl::MutexLock lock(&mutex_);
  const auto next = std::find_if(waiting_.begin(), waiting_.end(), [now](const Copy& copy) {
    return copy.range.has_value() && copy.due <= now;
  });
  if (next == waiting_.end()) return false;
  current_.emplace(std::move(*next));
  waiting_.erase(next);
  return true;
}

absl::Duration Archive::NextDue(absl::Duration now) const {
  absl::Duration due = std::max(looked_at_ + options_.look_interval, now);
  absl::MutexLock lock(&mutex_);
  for (const Copy& copy : waiting_) due = std::min(due, copy.due);
  return due;
}

// How much waits is known before the storage is asked for anything.
void Archive::Measure() {
  std::vector<std::string> directories;
  {
    absl::MutexLock lock(&mutex_);
    for (const Copy& copy : waiting_) {
      if (!copy.range.has_value()) directories.push_back(copy.request.directory);
    }
  }
  for (const std::string& directory : directories) {
    const LogRange range = RangeOfLog(JoinPath(directory, kLogName)).value_or(kNoLog);
    absl::MutexLock lock(&mutex_);
    for (Copy& copy : waiting_) {
      if (copy.request.directory != directory) continue;
      copy.range = range;
      copy.offset = range.base;
    }
  }
}

absl::StatusOr<bool> Archive::CopyPiece() {
  Copy& copy = *current_;
  const std::string partial = PartialOf(TargetOf(copy));
  if (copy.range->end < 0) return true;  // no log
  std::int64_t offset = copy.offset;
  SIMCLR_ASSIGN_OR_RETURN(const std::string piece,
                          ReadAt(JoinPath(copy.request.directory, kLogName), offset,
                                 std::min(options_.chunk_bytes, copy.range->end - offset)));
  const CallWatch::Call call(calls_, kStorage);
  if (offset == copy.range->base) {
    SIMCLR_RETURN_IF_ERROR(files_.MakeDirectories(std::filesystem::path(partial).parent_path().string()));
    SIMCLR_RETURN_IF_ERROR(files_.Write(partial, piece));
  } else {
    SIMCLR_RETURN_IF_ERROR(files_.Append(partial, piece));
  }
  const std::int64_t size = static_cast<std::int64_t>(piece.size());
  absl::MutexLock lock(&mutex_);
  copy.offset += size;
  figures_.copied += size;
  figures_.bytes = copy.range->end - copy.offset;
  return copy.offset >= copy.range->end || size == 0;
}

absl::Status Archive::Finish(const Copy& copy) {
  const CallWatch::Call call(calls_, kStorage);
  const std::string target = TargetOf(copy);
  if (copy.range->base > 0) {
    SIMCLR_RETURN_IF_ERROR(
        WriteAtomically(files_, absl::StrCat(target, kLogBaseSuffix), absl::StrCat(copy.range->base, "\n")));
  }
  SIMCLR_RETURN_IF_ERROR(files_.Rename(PartialOf(target), target));
  return files_.SyncDirectory(std::filesystem::path(target).parent_path().string());
}

void Archive::OnComplete() {
  const bool has_log = current_->range->end >= 0;
  if (const absl::Status finished = has_log ? Finish(*current_) : absl::OkStatus(); !finished.ok()) {
    return OnFailure(finished);
  }
  const Archived archived{std::move(current_->request), has_log ? current_->range : std::nullopt};
  current_.reset();
  {
    absl::MutexLock lock(&mutex_);
    --figures_.logs;
    figures_.bytes = 0;
    figures_.newest_failure.clear();
  }
  archived_(archived);
}

void Archive::OnFailure(const absl::Status& status) {
  LogWarning("a log is not kept yet", {{"log", current_->request.name}, {"cause", status.ToString()}});
  current_->offset = current_->range->base;
  current_->due = clock_.Monotonic() + current_->backoff.Next();
  absl::MutexLock lock(&mutex_);
  ++figures_.failures;
  figures_.bytes = 0;
  figures_.newest_failure = std::string(status.message());
  waiting_.push_back(*std::exchange(current_, std::nullopt));
}

Archive::Figures Archive::figures() const {
  absl::MutexLock lock(&mutex_);
  Figures figures = figures_;
  for (const Copy& copy : waiting_) {
    if (copy.range.has_value()) figures.bytes += std::max<std::int64_t>(0, copy.range->end - copy.offset);
  }
  return figures;
}

}  // namespace simclr::agent
