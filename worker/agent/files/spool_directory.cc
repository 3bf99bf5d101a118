#include "worker/agent/files/spool_directory.h"

#include <algorithm>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"

namespace simclr::agent {
namespace {

constexpr absl::string_view kReason = ".reason";
constexpr std::pair<SpoolKind, absl::string_view> kKindNames[] = {{SpoolKind::kCommit, "commit"},
                                                                  {SpoolKind::kExit, "exit"},
                                                                  {SpoolKind::kMetrics, "metrics"},
                                                                  {SpoolKind::kArchived, "archived"}};

std::string NameOf(std::uint64_t sequence, SpoolKind kind) {
  for (const auto& [value, name] : kKindNames) {
    if (value == kind) return absl::StrFormat("%020d.%s", sequence, name);
  }
  return "";
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

absl::StatusOr<SpoolContents> SpoolDirectory::Load() {
  SIMCLR_RETURN_IF_ERROR(files_.MakeDirectories(path_));
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(path_));
  SpoolContents contents;
  for (const std::string& name : names) {
    const auto item = ParseName(name);
    if (!item.has_value()) continue;
    contents.last_sequence = std::max(contents.last_sequence, item->first);
    absl::StatusOr<std::string> bytes = files_.Read(JoinPath(path_, name));
    if (bytes.ok()) {
      contents.items.push_back({item->first, item->second, *std::move(bytes)});
    } else {
      PutAsideUnread(name, bytes.status().message());
    }
  }
  for (const std::string& name : files_.List(quarantine()).value_or(std::vector<std::string>())) {
    const auto item = ParseName(name);
    if (!item.has_value()) continue;
    ++contents.quarantined;
    contents.last_sequence = std::max(contents.last_sequence, item->first);
    if (item->second != SpoolKind::kCommit) continue;
    absl::StatusOr<std::string> bytes = files_.Read(JoinPath(quarantine(), name));
    if (bytes.ok()) contents.lost_commits.push_back({item->first, item->second, *std::move(bytes)});
  }
  return contents;
}

absl::Status SpoolDirectory::Write(const SpoolItem& item) {
  return WriteAtomically(files_, PathOf(item.sequence, item.kind), item.bytes);
}

absl::Status SpoolDirectory::Remove(std::uint64_t sequence, SpoolKind kind) {
  return files_.RemoveAll(PathOf(sequence, kind));
}

absl::Status SpoolDirectory::PutAside(const SpoolItem& item, absl::string_view reason) {
  SIMCLR_RETURN_IF_ERROR(files_.MakeDirectories(quarantine()));
  const std::string aside = JoinPath(quarantine(), NameOf(item.sequence, item.kind));
  SIMCLR_RETURN_IF_ERROR(files_.Write(absl::StrCat(aside, kReason), absl::StrCat(reason, "\n")));
  SIMCLR_RETURN_IF_ERROR(WriteAtomically(files_, aside, item.bytes));
  return Remove(item.sequence, item.kind);
}

void SpoolDirectory::PutAsideUnread(const std::string& name, absl::string_view reason) {
  const std::string aside = JoinPath(quarantine(), name);
  absl::Status kept = files_.MakeDirectories(quarantine());
  if (kept.ok()) kept = files_.Rename(JoinPath(path_, name), aside);
  if (kept.ok()) kept = files_.Write(absl::StrCat(aside, kReason), absl::StrCat(reason, "\n"));
  LogWarning("a spool item that cannot be read is put aside",
             {{"path", aside}, {"cause", std::string(reason)}, {"kept", kept.ToString()}});
}

std::string SpoolDirectory::quarantine() const {
  return JoinPath(path_, "quarantine");
}

std::string SpoolDirectory::PathOf(std::uint64_t sequence, SpoolKind kind) const {
  return JoinPath(path_, NameOf(sequence, kind));
}

}  // namespace simclr::agent
