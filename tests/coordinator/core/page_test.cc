#include "coordinator/core/page.h"

#include <gtest/gtest.h>

#include "simclr/v1/cluster_service.pb.h"

namespace simclr::coordinator {
namespace {

class Workers {
 public:
  explicit Workers(int count, std::size_t bytes = 0) {
    for (int i = 0; i < count; ++i) {
      all_.emplace_back().set_name("w" + std::to_string(1000 + i));
      all_.back().set_version(std::string(bytes, 'v'));
    }
  }

  // The sizes of all pages, in order; each is within its bounds.
  std::vector<int> Pages(int page_size) const {
    std::vector<int> sizes;
    int seen = 0;
    v1::ListWorkersRequest request;
    request.set_page_size(page_size);
    do {
      v1::ListWorkersResponse page;
      EXPECT_TRUE(FillPage(
                      all_, [](const v1::Worker& worker) { return worker.name(); }, request,
                      page.mutable_workers(), page.mutable_next_page_token())
                      .ok());
      EXPECT_TRUE(page.workers_size() == 1 || page.ByteSizeLong() <= kMaxPageBytes + 64);
      for (const v1::Worker& worker : page.workers()) EXPECT_EQ(worker.name(), all_.at(seen++).name());
      sizes.push_back(page.workers_size());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    EXPECT_EQ(seen, static_cast<int>(all_.size()));
    return sizes;
  }

 private:
  std::vector<v1::Worker> all_;
};

TEST(FillPage, GivesEveryItemOnce) {
  EXPECT_EQ(Workers(0).Pages(10), std::vector<int>({0}));
  EXPECT_EQ(Workers(10).Pages(10), std::vector<int>({10}));
  EXPECT_EQ(Workers(11).Pages(5), std::vector<int>({5, 5, 1}));
  EXPECT_EQ(Workers(101).Pages(0), std::vector<int>({100, 1})) << "0 is the default";
}

TEST(FillPage, EndsAPageBeforeItIsTooLarge) {
  EXPECT_EQ(Workers(5, 400'000).Pages(10), std::vector<int>({2, 2, 1}));
  EXPECT_EQ(Workers(2, 2'000'000).Pages(10), std::vector<int>({1, 1})) << "what is larger stands alone";
}

TEST(ReadPageSize, RefusesWhatCannotBe) {
  EXPECT_TRUE(absl::IsInvalidArgument(ReadPageSize(-1).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadPageSize(1001).status()));
  EXPECT_EQ(ReadPageSize(1000).value(), 1000);
}

}  // namespace
}  // namespace simclr::coordinator
