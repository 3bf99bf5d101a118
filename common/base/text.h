#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace simclr {

// What came from outside (names of files, classes and hosts, texts of libraries and of the system, logs) goes
// through one of these functions before it is logged, reported, stored or printed. All are pure, and what
// they return they leave unchanged when it comes in again.

constexpr std::size_t kNoTextLimit = std::numeric_limits<std::size_t>::max();
// Bytes of the message of a job, an attempt or an exit.
constexpr std::size_t kMaxMessageText = 4096;

struct Character {
  std::size_t length = 0;  // bytes; 0: the text does not begin with a character of UTF-8
  std::uint32_t code_point = 0;
};

// The first character of a text that is not empty.
Character FirstCharacter(absl::string_view text);

// C0, DEL, C1, the line separators U+2028 and U+2029, the marks U+202A to U+202E and U+2066 to U+2069 that
// turn the direction of text.
bool IsControl(std::uint32_t code_point);

// Whether `text` is UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(absl::string_view text);

// One line of UTF-8 that moves no cursor: each byte of what is not UTF-8 and of control characters
// becomes \xHH. At most `limit` bytes (40 or more): what is longer is cut between two
// characters and ends in " ... (N bytes more)".
std::string Printable(absl::string_view bytes, std::size_t limit = kNoTextLimit);

// The same for text of several lines: line feeds and tabs stay.
std::string PrintableLines(absl::string_view bytes, std::size_t limit = kNoTextLimit);

// The last bytes of a log: of what is longer than `limit` the beginning is left out.
std::string PrintableTail(absl::string_view bytes, std::size_t limit);

// The longest beginning of `bytes` that does not end within a character of UTF-8 whose rest may be yet to
// come: what a reader of a stream may escape now.
std::size_t CompleteUtf8(absl::string_view bytes);

// "a, b, ... (17 more)": as many names, each printable, as fit into `limit` bytes, at least one.
std::string PrintableList(const std::vector<std::string>& names, std::size_t limit = 500);

}  // namespace simclr
