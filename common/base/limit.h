#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace simclr {

// What a program takes, or how long it waits, where that is no bound of a message's field.
struct Limit {
  std::string name;
  std::string value;   // as its flag would be written
  std::string flag;    // that changes it; empty: none
  std::string beyond;  // what happens
};

std::string BytesText(std::int64_t bytes);      // "4096 bytes"
std::string TimeText(absl::Duration duration);  // "1m30s"; "180d" for whole days

// A section of docs/limits.md. Pure.
std::string LimitTable(absl::string_view title, const std::vector<Limit>& limits);

}  // namespace simclr
