#pragma once

#include "cli/command.h"

namespace simclr::cli {

// Parses and runs one command line; returns its exit code. What CLI11 has to say (help, usage errors) goes to
// the streams of `context` too. Where not all of the output could be written, the code is 1 and a line on
// `context.err` says why, but for a reader that hung up.
int RunCommandLine(int argc, const char* const* argv, CommandContext& context);

}  // namespace simclr::cli
