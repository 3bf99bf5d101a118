#include "worker/agent/spool.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"

namespace simclr::agent {
namespace {

constexpr absl::string_view kQuarantine = "quarantine";
constexpr std::pair<SpoolKind, absl::string_view> kKindNames[] = {
    {SpoolKind::kCommit, "commit"}, {SpoolKind::kExit, "exit"}, {SpoolKind::kMetrics, "metrics"}};

absl::string_view KindName(SpoolKind kind) {
  for (const auto& [value, name] : kKindNames) {
    if (value == kind) return name;
  }
  return "";
}

std::string NameOf(std::uint64_t sequence, SpoolKind kind) {
  return absl::StrFormat("%020d.%s", sequence, KindName(kind));
}

std::optional<std::pair<std::uint64_t, SpoolKind>> ParseName(const std::string& name) {
  const std::vector<std::string> parts = absl::StrSplit(name, '.');
  std::uint64_t sequence = 0;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &sequence)) return std::nullopt;
  for (const auto& [kind, kind_name] : kKindNames) {
    if (parts[1] == kind_name) return std::pair{sequence, kind};
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Spool>> Spool::Open(FileSystem& files, std::string directory,
                                                   std::size_t max_metrics) {
  SIMCLR_RETURN_IF_ERROR(files.MakeDirectories(directory));
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  std::unique_ptr<Spool> spool(new Spool(files, std::move(directory), max_metrics));
  absl::MutexLock lock(&spool->mutex_);
  for (const std::string& name : names) {
    const auto item = ParseName(name);
    if (!item.has_value()) continue;
    spool->entries_[item->first] = {item->second, std::nullopt};
    spool->next_ = std::max(spool->next_, item->first + 1);
    if (item->second == SpoolKind::kMetrics) ++spool->metrics_;
  }
  return spool;
}

void Spool::Add(SpoolKind kind, std::string bytes) {
  absl::MutexLock lock(&mutex_);
  const std::uint64_t sequence = next_++;
  const std::string path = PathOf(sequence, kind);
  // A torn metrics file costs a second of a curve; a torn commit or exit must not happen.
  const absl::Status written =
      kind == SpoolKind::kMetrics ? files_.Write(path, bytes) : WriteAtomically(files_, path, bytes);
  Entry entry{kind, std::nullopt};
  if (!written.ok()) {
    LogWarning("spool item is kept in memory only", {{"cause", written.ToString()}});
    files_.RemoveAll(path).IgnoreError();
    entry.unwritten = std::move(bytes);
  }
  entries_[sequence] = std::move(entry);
  if (kind == SpoolKind::kMetrics) ++metrics_;
  DropOldMetrics();
}

std::optional<SpoolItem> Spool::Head() {
  absl::MutexLock lock(&mutex_);
  while (true) {
    mutex_.Await(absl::Condition(
        +[](Spool* spool)
             ABSL_NO_THREAD_SAFETY_ANALYSIS { return spool->closed_ || !spool->entries_.empty(); },
        this));
    if (closed_) return std::nullopt;
    const auto& [sequence, entry] = *entries_.begin();
    if (entry.unwritten.has_value()) return SpoolItem{sequence, entry.kind, *entry.unwritten};
    absl::StatusOr<std::string> bytes = files_.Read(PathOf(sequence, entry.kind));
    if (bytes.ok()) return SpoolItem{sequence, entry.kind, *std::move(bytes)};
    QuarantineLocked(sequence, bytes.status().message());
  }
}

void Spool::Remove(std::uint64_t sequence) {
  absl::MutexLock lock(&mutex_);
  RemoveLocked(sequence);
}

void Spool::Quarantine(std::uint64_t sequence, absl::string_view reason) {
  absl::MutexLock lock(&mutex_);
  QuarantineLocked(sequence, reason);
}

void Spool::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
}

std::size_t Spool::size() const {
  absl::MutexLock lock(&mutex_);
  return entries_.size();
}

std::uint64_t Spool::last_sequence() const {
  absl::MutexLock lock(&mutex_);
  return next_ - 1;
}

bool Spool::AwaitDelivered(std::uint64_t last, absl::Duration limit) const {
  absl::MutexLock lock(&mutex_);
  const auto delivered = [this, last]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return entries_.empty() || entries_.begin()->first > last;
  };
  return mutex_.AwaitWithTimeout(absl::Condition(&delivered), limit);
}

std::string Spool::PathOf(std::uint64_t sequence, SpoolKind kind) const {
  return JoinPath(directory_, NameOf(sequence, kind));
}

void Spool::QuarantineLocked(std::uint64_t sequence, absl::string_view reason) {
  const auto found = entries_.find(sequence);
  if (found == entries_.end()) return;
  const std::string path = PathOf(sequence, found->second.kind);
  const std::string directory = JoinPath(directory_, kQuarantine);
  const std::string aside = JoinPath(directory, NameOf(sequence, found->second.kind));
  absl::Status kept = files_.MakeDirectories(directory);
  if (kept.ok()) {
    kept = found->second.unwritten.has_value() ? files_.Write(aside, *found->second.unwritten)
                                               : files_.Rename(path, aside);
  }
  if (kept.ok()) kept = files_.Write(absl::StrCat(aside, ".reason"), absl::StrCat(reason, "\n"));
  LogWarning("a spool item that cannot be read is put aside",
             {{"path", aside}, {"cause", std::string(reason)}, {"kept", kept.ToString()}});
  Forget(sequence);
}

void Spool::Forget(std::uint64_t sequence) {
  const auto found = entries_.find(sequence);
  if (found->second.kind == SpoolKind::kMetrics) --metrics_;
  entries_.erase(found);
}

void Spool::RemoveLocked(std::uint64_t sequence) {
  const auto found = entries_.find(sequence);
  if (found == entries_.end()) return;
  if (!found->second.unwritten.has_value())
    files_.RemoveAll(PathOf(sequence, found->second.kind)).IgnoreError();
  Forget(sequence);
}

void Spool::DropOldMetrics() {
  while (metrics_ > max_metrics_) {
    const auto oldest = std::find_if(entries_.begin(), entries_.end(), [](const auto& entry) {
      return entry.second.kind == SpoolKind::kMetrics;
    });
    RemoveLocked(oldest->first);
  }
}

}  // namespace simclr::agent
