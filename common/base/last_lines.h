#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"

namespace simclr {

// At most `limit` bytes from `offset` on.
using ReadPiece = std::function<absl::StatusOr<std::string>(std::int64_t offset, std::size_t limit)>;

// Where the last `lines` lines of the bytes [begin, end) begin, reading backwards no more than they take. A
// last line without its newline counts; `begin` where there are not so many.
absl::StatusOr<std::int64_t> OffsetOfLastLines(std::int64_t begin, std::int64_t end, std::int64_t lines,
                                               const ReadPiece& read);

}  // namespace simclr
