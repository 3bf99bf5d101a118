#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace simclr::cli {

// `text` as one word of a shell's command. Pure.
std::string ShellWord(absl::string_view text);

// The command line that makes the very request again: as it was, with the request's id. Pure.
std::string RepeatCommand(const std::vector<std::string>& command_line, const std::string& request_id);

// Of a call that changes something: where no answer came, it may have happened, so that the status says how
// to ask again without doing it twice. Any other status is left as it is. Pure.
absl::Status OrRepeat(const absl::Status& status, const std::vector<std::string>& command_line,
                      const std::string& request_id);

}  // namespace simclr::cli
