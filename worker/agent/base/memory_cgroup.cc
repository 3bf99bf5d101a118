#include "worker/agent/base/memory_cgroup.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/base/file_system.h"

namespace simclr::agent {
namespace {

// The two versions call the same things by other names.
struct Version {
  const char* controller;  // in the list of memberships
  const char* mount;       // below the root
  const char* counts;
  const char* limit;
};
constexpr Version kVersions[] = {{"", "", "memory.events", "memory.max"},
                                 {"memory", "memory", "memory.oom_control", "memory.limit_in_bytes"}};
// Version 1 writes "no limit" as the largest multiple of a page.
constexpr std::int64_t kNoLimit = std::int64_t{1} << 60;

std::string ReadText(const std::string& path) {
  return PosixFileSystem().Read(path).value_or("");
}

// The path of a line "NUMBER:CONTROLLERS:PATH".
std::optional<std::string> MembershipIn(const std::string& memberships, absl::string_view controller) {
  for (const absl::string_view line : absl::StrSplit(memberships, '\n')) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const std::vector<std::string> controllers = absl::StrSplit(parts[1], ',');
    if (std::find(controllers.begin(), controllers.end(), controller) != controllers.end()) return parts[2];
  }
  return std::nullopt;
}

std::optional<std::int64_t> OomKills(const std::string& counts) {
  for (const absl::string_view line : absl::StrSplit(counts, '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    std::int64_t count = 0;
    if (words.size() == 2 && words[0] == "oom_kill" && absl::SimpleAtoi(words[1], &count)) return count;
  }
  return std::nullopt;
}

std::optional<std::int64_t> SmallestLimit(std::filesystem::path directory, const std::filesystem::path& mount,
                                          const char* file) {
  std::optional<std::int64_t> smallest;
  for (bool last = false; !last; directory = directory.parent_path()) {
    last = directory == mount || !directory.has_relative_path();
    std::int64_t limit = 0;
    const std::string text = ReadText((directory / file).string());
    if (!absl::SimpleAtoi(absl::StripAsciiWhitespace(text), &limit) || limit >= kNoLimit) continue;
    smallest = std::min(limit, smallest.value_or(limit));
  }
  return smallest;
}

std::optional<MemoryCgroup> Read(const MemoryCgroupPaths& paths, const Version& version) {
  const std::optional<std::string> member = MembershipIn(ReadText(paths.membership), version.controller);
  if (!member.has_value()) return std::nullopt;
  const std::filesystem::path mount =
      (std::filesystem::path(paths.root) / version.mount / "").parent_path();  // without a last slash
  const std::filesystem::path own = mount / std::filesystem::path(*member).relative_path();
  for (const std::filesystem::path& directory : {own, mount}) {
    const std::optional<std::int64_t> kills = OomKills(ReadText((directory / version.counts).string()));
    if (kills.has_value())
      return MemoryCgroup{directory.string(), *kills, SmallestLimit(directory, mount, version.limit)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<MemoryCgroup> ReadMemoryCgroup(const MemoryCgroupPaths& paths) {
  for (const Version& version : kVersions) {
    if (std::optional<MemoryCgroup> found = Read(paths, version)) return found;
  }
  return std::nullopt;
}

std::string OutOfMemoryText(const std::optional<MemoryCgroup>& before,
                            const std::optional<MemoryCgroup>& now) {
  if (!before.has_value() || !now.has_value() || now->oom_kills <= before->oom_kills) return "";
  const std::string limit =
      now->limit_bytes.has_value()
          ? absl::StrFormat("the memory limit of %s is %.1f GiB", now->path,
                            static_cast<double>(*now->limit_bytes) / static_cast<double>(1 << 30))
          : absl::StrCat(now->path, " has no limit: the machine itself ran out of memory");
  return absl::StrCat(
      "the kernel's out-of-memory killer was at work: ", limit,
      "; raise it, use fewer slots on this node, start the worker with less --cache-bytes, or "
      "set a smaller train.global_batch");
}

}  // namespace simclr::agent
