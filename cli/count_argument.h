#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/text.h"

namespace simclr::cli {

// For the `check` of an option that is a number of things.
inline CLI::Validator AtLeast(std::int64_t least) {
  const auto check = [least](const std::string& text) {
    std::int64_t count = 0;
    if (absl::SimpleAtoi(text, &count) && count >= least) return std::string();
    return absl::StrCat("'", Printable(text, 80), "': write a whole number, ", least, " or more");
  };
  return CLI::Validator(check, least > 0 ? "POSITIVE" : "COUNT");
}

}  // namespace simclr::cli
