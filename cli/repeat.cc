#include "cli/repeat.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace simclr::cli {
namespace {

constexpr char kOption[] = "--request-id";

bool IsOption(const std::string& word) {
  return word == kOption || absl::StartsWith(word, absl::StrCat(kOption, "="));
}

}  // namespace

std::string ShellWord(absl::string_view text) {
  const auto plain = [](char c) { return absl::ascii_isalnum(c) || absl::StrContains("_-+=:,./@%", c); };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return std::string(text);
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

std::string RepeatCommand(const std::vector<std::string>& command_line, const std::string& request_id) {
  const auto word = [](std::string* out, const std::string& text) { absl::StrAppend(out, ShellWord(text)); };
  const std::string command = absl::StrJoin(command_line, " ", word);
  if (std::any_of(command_line.begin(), command_line.end(), IsOption)) return command;
  return absl::StrCat(command, " ", kOption, " ", ShellWord(request_id));
}

absl::Status OrRepeat(const absl::Status& status, const std::vector<std::string>& command_line,
                      const std::string& request_id) {
  if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) return status;
  return absl::Status(status.code(),
                      absl::StrCat(status.message(),
                                   "\nIt may have happened all the same. To be sure, repeat the very "
                                   "request, which acts once:\n  ",
                                   RepeatCommand(command_line, request_id)));
}

}  // namespace simclr::cli
