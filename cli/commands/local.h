#pragma once

#include <CLI/App.hpp>

#include "cli/command.h"

namespace simclr::cli {

// simclrctl local up|status|down: a whole cluster on this machine.
void AddLocalCommand(CLI::App& app, CommandContext& context);

}  // namespace simclr::cli
