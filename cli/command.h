#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace simclr::cli {

// What every command gets: where to write, and the options that stand before the command's name.
struct CommandContext {
  std::ostream& out;  // data, and nothing else
  std::ostream& err;  // talk: progress, warnings, errors
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool color = false;                                 // on err and tables; false with NO_COLOR or TERM=dumb
  std::string config_path;                            // of the context file
  std::string context;                                // --context; empty: the current one
  std::vector<std::string> command_line = {};         // as it was written, with the program's name
  int exit_code = 0;                                  // of the command that ran
  std::function<int()> out_error = [] { return 0; };  // errno of the first write to `out` that failed
};

// Runs `body` when the command line selects `command`. The value of `body` becomes the exit code; an error is
// printed to context.err as "simclrctl: MESSAGE" and turned into its code (cli/exit_code.h).
void OnSelected(CLI::App& command, CommandContext& context, std::function<absl::StatusOr<int>()> body);

// Each command is one file of cli/commands with a function of this form, which declares the command, its
// options and its help on `app`:
//   void AddSubmitCommand(CLI::App& app, CommandContext& context);
// Options that the body needs live in a std::shared_ptr that the body captures.

}  // namespace simclr::cli
