#include "coordinator/core/page.h"

#include "absl/strings/str_cat.h"

namespace simclr::coordinator {
namespace {

constexpr std::size_t kTagAndLength = 8;

}  // namespace

absl::StatusOr<int> ReadPageSize(int page_size) {
  if (page_size >= 0 && page_size <= kMaxPageSize) return page_size == 0 ? kDefaultPageSize : page_size;
  return absl::InvalidArgumentError(
      absl::StrCat("page_size is ", page_size, "; it must be between 0 and ", kMaxPageSize));
}

bool PageRoom::Take(std::size_t bytes) {
  bytes += kTagAndLength;
  if (items_ == 0 || (!first_ && bytes > bytes_)) return false;
  first_ = false;
  --items_;
  bytes_ -= std::min(bytes, bytes_);
  return true;
}

}  // namespace simclr::coordinator
