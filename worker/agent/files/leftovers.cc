#include "worker/agent/files/leftovers.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "worker/agent/base/trainer_handle.h"

namespace simclr::agent {
namespace {

bool IsNumbered(absl::string_view word, char letter) {
  return word.size() > 1 && word[0] == letter && absl::c_all_of(word.substr(1), absl::ascii_isdigit);
}

// "a1-1f2e3d4c-r0", or without the nonce.
bool IsAttemptAndRank(absl::string_view text) {
  const std::vector<absl::string_view> words = absl::StrSplit(text, '-');
  if (words.size() < 2 || words.size() > 3) return false;
  const bool has_nonce = words.size() == 3;
  if (has_nonce && (words[1].empty() || !absl::c_all_of(words[1], absl::ascii_isxdigit))) return false;
  return IsNumbered(words.front(), 'a') && IsNumbered(words.back(), 'r');
}

// "JOB-a1-1f2e3d4c-r0", or without the nonce, in its two parts. Job ids hold no such ending.
std::optional<std::pair<std::string, std::string>> SplitDirectoryName(const std::string& name) {
  for (std::size_t at = name.find("-a"); at != std::string::npos; at = name.find("-a", at + 1)) {
    const std::string ending = name.substr(at + 1);
    if (at > 0 && IsAttemptAndRank(ending)) return std::pair(name.substr(0, at), ending);
  }
  return std::nullopt;
}

// As RankFileText wrote it.
void ReadRankFile(FileSystem& files, Leftover& leftover) {
  const absl::StatusOr<std::string> text = files.Read(JoinPath(leftover.directory, kRankName));
  const std::vector<std::string> words =
      absl::StrSplit(absl::StripTrailingAsciiWhitespace(text.value_or("")), ' ');
  RankKey key;
  int slot = -1;
  if (words.size() != 5 || !absl::SimpleAtoi(words[1], &key.attempt) ||
      !absl::SimpleAtoi(words[2], &key.rank) || !absl::SimpleAtoi(words[4], &slot)) {
    return;
  }
  key.job_id = words[0];
  key.nonce = words[3];
  leftover.key = std::move(key);
  leftover.slot = slot;
}

}  // namespace

absl::StatusOr<std::vector<Leftover>> FindLeftovers(FileSystem& files, const std::string& directory) {
  std::vector<Leftover> leftovers;
  if (!files.Exists(directory)) return leftovers;
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  for (const std::string& name : names) {
    Leftover& leftover = leftovers.emplace_back();
    leftover.directory = JoinPath(directory, name);
    if (const auto parts = SplitDirectoryName(name)) {
      leftover.log_name = absl::StrCat(parts->first, "/logs/", parts->second, ".log");
    }
    ReadRankFile(files, leftover);
    const absl::StatusOr<ProcessIdentity> process = ReadPidFile(JoinPath(leftover.directory, kPidName));
    if (process.ok() && IsAlive(*process)) leftover.process = *process;
  }
  return leftovers;
}

}  // namespace simclr::agent
