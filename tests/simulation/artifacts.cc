#include "tests/simulation/artifacts.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "coordinator/state/cleanup.h"
#include "tests/simulation/killed.h"

namespace simclr::simulation {
namespace {

absl::Status Away() {
  return absl::InternalError("storage: no answer");
}

absl::Status Missing(const std::string& path) {
  return absl::NotFoundError(absl::StrCat("there is no ", path));
}

// The directory above `path`, and its last name.
std::pair<std::string, std::string> Above(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

Artifacts::Artifacts(Tally& tally, Checks& checks)
    : tally_(tally), checks_(checks), root_(std::make_unique<Node>()) {}

Artifacts::Node* Artifacts::Find(absl::string_view path) const {
  Node* node = root_.get();
  for (const absl::string_view name : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    const auto entry = node->entries.find(std::string(name));
    if (entry == node->entries.end()) return nullptr;
    node = entry->second.get();
  }
  return node;
}

std::int64_t Artifacts::BytesOf(const Node& node) {
  auto bytes = static_cast<std::int64_t>(node.bytes.size());
  for (const auto& [name, entry] : node.entries) bytes += BytesOf(*entry);
  return bytes;
}

absl::StatusOr<std::vector<coordinator::DirectoryEntry>> Artifacts::List(const std::string& path) const {
  if (faults.away) return Away();
  const Node* node = Find(path);
  if (node == nullptr || !node->is_directory) return Missing(path);
  std::vector<coordinator::DirectoryEntry> entries;
  for (const auto& [name, entry] : node->entries) entries.push_back({name, entry->is_directory});
  return entries;
}

absl::Status Artifacts::Remove(const std::string& path, std::int64_t& bytes) const {
  checks_.OnRemove(path);
  if (!coordinator::IsPathOfJob(path, path.substr(0, path.find('/'))))
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is no directory of a job"));
  if (faults.away) return Away();
  Node* node = Find(path);
  if (node == nullptr) return absl::OkStatus();
  const bool kills = std::exchange(faults.kills, false);
  if (kills || std::exchange(faults.breaks, false)) {
    tally_.Count(kills ? Fault::kKillInRemoval : Fault::kRemovalBreaks);
    if (!node->entries.empty()) node->entries.erase(node->entries.begin());
    if (kills) throw Killed();
    return absl::InternalError(absl::StrCat("cannot remove ", path, ": input/output error"));
  }
  bytes += BytesOf(*node);
  const auto [above, name] = Above(path);
  Find(above)->entries.erase(name);
  return absl::OkStatus();
}

absl::StatusOr<const Artifacts::Node*> Artifacts::FindFile(const std::string& path) const {
  if (faults.away) return Away();
  const Node* node = Find(path);
  return node == nullptr || node->is_directory ? absl::StatusOr<const Node*>(Missing(path)) : node;
}

absl::StatusOr<std::string> Artifacts::Read(const std::string& path, std::size_t limit) const {
  SIMCLR_ASSIGN_OR_RETURN(const Node* file, FindFile(path));
  if (file->bytes.size() > limit) return absl::InvalidArgumentError(absl::StrCat(path, " is too large"));
  return file->bytes;
}

absl::StatusOr<std::int64_t> Artifacts::Size(const std::string& path) const {
  SIMCLR_ASSIGN_OR_RETURN(const Node* file, FindFile(path));
  return static_cast<std::int64_t>(file->bytes.size());
}

void Artifacts::Write(const std::string& path, std::string bytes) {
  Node* node = root_.get();
  for (const absl::string_view name : absl::StrSplit(path, '/')) {
    std::unique_ptr<Node>& entry = node->entries[std::string(name)];
    if (entry == nullptr) entry = std::make_unique<Node>();
    node = entry.get();
  }
  node->is_directory = false;
  node->bytes = std::move(bytes);
}

void Artifacts::Rename(const std::string& from, const std::string& to) {
  const auto [above, name] = Above(from);
  const auto [above_to, name_to] = Above(to);
  auto moved = Find(above)->entries.extract(name);
  Find(above_to)->entries[name_to] = std::move(moved.mapped());
}

}  // namespace simclr::simulation
