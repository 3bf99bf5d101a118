#include "common/base/last_lines.h"

#include <algorithm>

#include "common/base/status_macros.h"

namespace simclr {
namespace {

constexpr std::int64_t kBlock = 64 << 10;

}  // namespace

absl::StatusOr<std::int64_t> OffsetOfLastLines(std::int64_t begin, std::int64_t end, std::int64_t lines,
                                               const ReadPiece& read) {
  for (std::int64_t start = end; start > begin && lines > 0;) {
    const std::int64_t block = std::min(start - begin, kBlock);
    start -= block;
    SIMCLR_ASSIGN_OR_RETURN(const std::string bytes, read(start, static_cast<std::size_t>(block)));
    for (std::size_t i = bytes.size(); i-- > 0;) {
      const std::int64_t next = start + static_cast<std::int64_t>(i) + 1;
      if (bytes[i] == '\n' && next != end && --lines == 0) return next;
    }
  }
  return lines > 0 ? begin : end;
}

}  // namespace simclr
