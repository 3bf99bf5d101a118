#pragma once

#include "cli/command.h"

namespace simclr::cli {

// Parses and runs one command line; returns its exit code. What CLI11 has to say (help, usage errors) goes to
// the streams of `context` too.
int RunCommandLine(int argc, const char* const* argv, CommandContext& context);

}  // namespace simclr::cli
