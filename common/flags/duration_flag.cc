#include "common/flags/duration_flag.h"

#include <CLI/CLI.hpp>

namespace simclr {

void AddDurationFlag(CLI::App& app, const std::string& flag, absl::Duration& target,
                     const std::string& help) {
  const auto parse = [&target, flag](const std::string& text) {
    if (!absl::ParseDuration(text, &target)) throw CLI::ValidationError(flag, "write a duration such as 15s");
  };
  app.add_option_function<std::string>(flag, parse, help)->default_str(absl::FormatDuration(target));
}

}  // namespace simclr
