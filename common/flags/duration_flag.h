#pragma once

#include <CLI/App.hpp>
#include <string>

#include "absl/time/time.h"

namespace simclr {

// Adds a flag such as "--lost-after 15s" that sets `target`, whose present value is shown as the default.
// `target` lives as long as `app`.
void AddDurationFlag(CLI::App& app, const std::string& flag, absl::Duration& target, const std::string& help);

}  // namespace simclr
