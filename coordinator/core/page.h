#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/status_macros.h"

// The bounds of every answer that is a list, whatever it lists.
namespace simclr::coordinator {

inline constexpr int kDefaultPageSize = 100;
inline constexpr int kMaxPageSize = 1000;
inline constexpr std::size_t kMaxPageBytes = 1 << 20;

// The number of items that a request asks for; 0: the default. INVALID_ARGUMENT: it cannot be. Pure.
absl::StatusOr<int> ReadPageSize(int page_size);

// What of a page is free. The first item finds room, however large it is.
class PageRoom {
 public:
  explicit PageRoom(int items) : items_(items) {}

  // Whether one more item, of so many bytes on the wire, still belongs onto the page; then its room is taken.
  bool Take(std::size_t bytes);

 private:
  int items_;
  bool first_ = true;
  std::size_t bytes_ = kMaxPageBytes;
};

// Fills `page` with those of `items`, which are sorted by `key_of`, that `request` asks for, and
// `next_page_token` with the key of the last one where others follow. INVALID_ARGUMENT: a page size that
// cannot be. Pure.
template <typename Item, typename Key, typename Request, typename Page>
absl::Status FillPage(const std::vector<Item>& items, Key key_of, const Request& request, Page* page,
                      std::string* next_page_token) {
  SIMCLR_ASSIGN_OR_RETURN(const int size, ReadPageSize(request.page_size()));
  PageRoom room(size);
  const auto first = std::partition_point(items.begin(), items.end(), [&](const Item& item) {
    return !request.page_token().empty() && key_of(item) <= request.page_token();
  });
  for (auto item = first; item != items.end(); ++item) {
    if (!room.Take(item->ByteSizeLong())) {
      *next_page_token = key_of(*(item - 1));
      break;
    }
    *page->Add() = *item;
  }
  return absl::OkStatus();
}

}  // namespace simclr::coordinator
