#include "worker/agent/files/files.h"

#include <signal.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/logging.h"
#include "common/base/text.h"
#include "worker/agent/base/rank_log.h"

namespace simclr::agent {
namespace {

constexpr std::int64_t kMaxExcerptBytes = 2000;

std::string EndOfLog(const std::string& path) {
  const absl::StatusOr<std::string> tail = TailOfLog(path, kMaxExcerptBytes);
  if (!tail.ok()) return "it has no log";
  return tail->empty() ? "its log is empty"
                       : absl::StrCat("end of its log:\n", PrintableTail(*tail, kMaxExcerptBytes));
}

}  // namespace

std::string HowItEnded(const UnexplainedExit& ended, const MemoryCgroupPaths& memory) {
  const ProcessExit& exit = ended.exit;
  if (exit.signal == 0) return absl::StrCat("exited with code ", exit.code, "; ", EndOfLog(ended.log_path));
  std::string text = absl::StrCat("ended by signal ", exit.signal, "; ");
  if (exit.signal == SIGKILL) {
    const std::string killer = OutOfMemoryText(ended.memory_before, ReadMemoryCgroup(memory));
    if (!killer.empty()) absl::StrAppend(&text, killer, "; ");
  }
  return absl::StrCat(text, EndOfLog(ended.log_path));
}

Files::Files(FilesOptions options, FileSystem& files, const Clock& clock)
    : options_(std::move(options)),
      files_(files),
      spool_(files, options_.spool),
      waiting_(options_.max_waiting),
      calls_(clock) {}

void Files::Do(const char* what, std::function<absl::Status()> work) {
  if (!waiting_.TryPush({what, std::move(work)})) {
    LogWarning("too much waits for the agent's own disk", {{"not done", what}});
  }
  wake().Raise();
}

void Files::Keep(SpoolItem item) {
  const std::uint64_t sequence = item.sequence;
  {
    absl::MutexLock lock(&mutex_);
    unwritten_[sequence] = std::move(item);
  }
  Do("keep a report in the spool", [this, sequence] { return WriteKept(sequence); });
}

absl::Status Files::WriteKept(std::uint64_t sequence) {
  SpoolItem item;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = unwritten_.find(sequence);
    if (found == unwritten_.end()) return absl::OkStatus();  // delivered meanwhile
    item = std::move(found->second);
    unwritten_.erase(found);
  }
  const absl::Status written = spool_.Write(item);
  absl::MutexLock lock(&mutex_);
  spooled_ = written;
  return written;
}

void Files::Forget(std::uint64_t sequence, SpoolKind kind) {
  {
    absl::MutexLock lock(&mutex_);
    if (unwritten_.erase(sequence) > 0) return;
  }
  Do("remove a report from the spool", [this, sequence, kind] { return spool_.Remove(sequence, kind); });
}

void Files::PutAside(SpoolItem item, std::string reason) {
  {
    absl::MutexLock lock(&mutex_);
    unwritten_.erase(item.sequence);
  }
  Do("put a report aside",
     [this, item = std::move(item), reason = std::move(reason)] { return spool_.PutAside(item, reason); });
}

void Files::Write(std::string path, std::string bytes) {
  Do("write a file", [this, path = std::move(path), bytes = std::move(bytes)] {
    return WriteAtomically(files_, path, bytes);
  });
}

void Files::RemoveDirectory(std::string path) {
  Do("remove a directory", [this, path = std::move(path)] { return files_.RemoveAll(path); });
}

void Files::Explain(UnexplainedExit exit, std::function<void(std::string)> told) {
  Do("read the end of a log", [this, exit = std::move(exit), told = std::move(told)] {
    told(HowItEnded(exit, options_.memory_cgroup));
    return absl::OkStatus();
  });
}

void Files::SetLogs(std::vector<std::string> paths) {
  absl::MutexLock lock(&mutex_);
  logs_ = std::move(paths);
}

bool Files::Flush(absl::Duration limit) {
  const auto done = std::make_shared<absl::Notification>();
  Do("come to an end", [done] {
    done->Notify();
    return absl::OkStatus();
  });
  return done->WaitForNotificationWithTimeout(limit);
}

absl::Duration Files::RunOnce(absl::Duration now) {
  const CallWatch::Call call(calls_, "the agent's own disk");
  RotateLogs(now);
  if (const std::optional<Work> work = waiting_.TryPop()) {
    const absl::Status done = work->run();
    if (!done.ok()) {
      LogWarning("the agent's own disk refuses", {{"what", work->what}, {"cause", done.ToString()}});
    }
  }
  return waiting_.size() > 0 ? now : rotated_at_ + options_.rotate_interval;
}

void Files::RotateLogs(absl::Duration now) {
  if (now - rotated_at_ < options_.rotate_interval) return;
  rotated_at_ = now;
  std::vector<std::string> logs;
  {
    absl::MutexLock lock(&mutex_);
    logs = logs_;
  }
  for (const std::string& log : logs) {
    const absl::Status rotated = RotateLog(log, options_.max_log_bytes);
    if (!rotated.ok() && !absl::IsNotFound(rotated)) {
      LogWarning("log is not rotated", {{"log", log}, {"cause", rotated.ToString()}});
    }
  }
}

absl::Status Files::spooled() const {
  absl::MutexLock lock(&mutex_);
  return spooled_;
}

}  // namespace simclr::agent
