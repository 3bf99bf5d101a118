#include "engine/data/batch_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "engine/data/synthetic_dataset.h"
#include "tests/engine/data/test_images.h"

namespace simclr::engine {
namespace {

constexpr int kSide = 16;

std::shared_ptr<const Dataset> Images() {
  return MakeSyntheticDataset({.train = 40}, "train");
}

Sampler SamplerOf(const Dataset& dataset, int rank = 0, int world = 1) {
  return Sampler(dataset.size(), 8, 1, rank, world);
}

std::unique_ptr<BatchLoader> Loader(std::shared_ptr<const Dataset> dataset, std::int64_t first,
                                    std::int64_t end, BatchLoaderOptions options = {}, int rank = 0,
                                    int world = 1) {
  const Sampler sampler = SamplerOf(*dataset, rank, world);
  return std::make_unique<BatchLoader>(std::move(dataset), Augmentation({}, kSide), sampler, 1, first, end,
                                       options);
}

std::vector<Batch> ReadAll(BatchLoader& loader) {
  std::vector<Batch> batches;
  for (;;) {
    absl::StatusOr<Batch> batch = loader.Next();
    if (absl::IsOutOfRange(batch.status())) return batches;
    EXPECT_TRUE(batch.ok()) << batch.status();
    if (!batch.ok()) return batches;
    batches.push_back(*std::move(batch));
  }
}

TEST(BatchLoader, DeliversEveryStepInOrder) {
  const auto loader = Loader(Images(), 3, 14, {.threads = 3, .queue = 2});
  const std::vector<Batch> batches = ReadAll(*loader);
  ASSERT_EQ(batches.size(), 11u);
  const Sampler sampler = SamplerOf(*Images());
  for (std::size_t i = 0; i < batches.size(); ++i) {
    EXPECT_EQ(batches[i].step, static_cast<std::int64_t>(3 + i));
    EXPECT_EQ(batches[i].indices, sampler.RankBatch(batches[i].step));
    EXPECT_TRUE(batches[i].views.is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_EQ(batches[i].views.sizes(), at::IntArrayRef({16, 3, kSide, kSide}));
    EXPECT_GT(batches[i].augment_time, absl::ZeroDuration());
  }
  EXPECT_TRUE(absl::IsOutOfRange(loader->Next().status()));
}

TEST(BatchLoader, HoldsTheViewsOfTheAugmentation) {
  const auto images = Images();
  const Batch batch = ReadAll(*Loader(images, 7, 8))[0];
  std::vector<float> expected(3 * kSide * kSide);
  for (std::uint32_t view : {0u, 1u}) {
    for (std::size_t i = 0; i < batch.indices.size(); ++i) {
      const RandomKey key{
          .seed = 1, .epoch = 1, .index = static_cast<std::uint64_t>(batch.indices[i]), .view = view};
      Augmentation({}, kSide).View(*images->Read(batch.indices[i]), key, {expected.data(), kSide, kSide});
      const at::Tensor row = batch.views[i + view * batch.indices.size()];
      EXPECT_TRUE(at::equal(row, at::from_blob(expected.data(), {3, kSide, kSide})));
    }
  }
}

TEST(BatchLoader, BatchesAreTheSameForEveryThreadCount) {
  const std::vector<Batch> reference = ReadAll(*Loader(Images(), 0, 10));
  for (int threads : {2, 4}) {
    const std::vector<Batch> batches = ReadAll(*Loader(Images(), 0, 10, {.threads = threads, .queue = 3}));
    ASSERT_EQ(batches.size(), reference.size());
    for (std::size_t i = 0; i < batches.size(); ++i)
      EXPECT_TRUE(at::equal(batches[i].views, reference[i].views));
  }
}

TEST(BatchLoader, RanksTogetherHoldTheGlobalBatch) {
  const std::vector<Batch> reference = ReadAll(*Loader(Images(), 4, 7));
  for (int world : {2, 4}) {
    std::vector<std::vector<Batch>> ranks;
    for (int rank = 0; rank < world; ++rank)
      ranks.push_back(ReadAll(*Loader(Images(), 4, 7, {}, rank, world)));
    for (std::size_t step = 0; step < reference.size(); ++step) {
      std::vector<at::Tensor> first, second;
      for (const auto& batches : ranks) {
        const auto halves = batches[step].views.chunk(2);
        first.push_back(halves[0]);
        second.push_back(halves[1]);
      }
      EXPECT_TRUE(at::equal(at::cat({at::cat(first), at::cat(second)}), reference[step].views));
    }
  }
}

TEST(BatchLoader, DoublePrecisionIsCloseToSinglePrecision) {
  const Batch narrow = ReadAll(*Loader(Images(), 0, 1))[0];
  const Batch wide = ReadAll(*Loader(Images(), 0, 1, {.fp64 = true}))[0];
  EXPECT_EQ(wide.views.scalar_type(), at::kDouble);
  EXPECT_LT((wide.views - narrow.views.to(at::kDouble)).abs().max().item<double>(), 2e-5);
}

TEST(BatchLoader, AnErrorArrivesAtItsStepAndStays) {
  const std::int64_t bad = SamplerOf(FakeDataset(40, 2)).RankBatch(2)[5];
  const auto loader =
      Loader(std::make_shared<FakeDataset>(40, 2, std::set<std::int64_t>{bad}), 0, 5, {.threads = 4});
  EXPECT_TRUE(loader->Next().ok());
  EXPECT_TRUE(loader->Next().ok());
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = loader->Next().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("image"));
  }
}

TEST(BatchLoader, CountsTheImagesThatOthersStandInFor) {
  const std::vector<std::int64_t> first = SamplerOf(FakeDataset(40, 2)).RankBatch(0);
  const auto source = std::make_shared<FakeDataset>(40, 2, std::set<std::int64_t>{first[1], first[6]});
  const auto loader = Loader(WithCache(source, 0, [](const std::string&) {}), 0, 5, {.threads = 3});
  const std::vector<Batch> batches = ReadAll(*loader);
  ASSERT_EQ(batches.size(), 5u);
  EXPECT_EQ(batches[0].bad_images, 2);
  for (std::size_t step = 1; step < batches.size(); ++step) EXPECT_EQ(batches[step].bad_images, 0) << step;
}

TEST(BatchLoader, NeverHasMoreBatchesReadyThanItsQueueHolds) {
  const auto loader = Loader(Images(), 0, 12, {.threads = 4, .queue = 2});
  for (const Batch& batch : ReadAll(*loader)) {
    EXPECT_GE(batch.queued, 0);
    EXPECT_LE(batch.queued, 2);
  }
}

TEST(BatchLoader, MayBeDestroyedAtAnyTime) {
  for (int taken = 0; taken < 3; ++taken) {
    const auto loader = Loader(Images(), 0, 1000, {.threads = 4, .queue = 2});
    for (int i = 0; i < taken; ++i) EXPECT_TRUE(loader->Next().ok());
  }
}

TEST(BatchLoader, AnEmptyRangeIsOverAtOnce) {
  EXPECT_TRUE(absl::IsOutOfRange(Loader(Images(), 5, 5)->Next().status()));
}

// Root is under no such limit, so the child becomes another user.
[[noreturn]] void LoadWithFewThreads() {
  const rlimit few{3, 3};
  if ((::getuid() == 0 && ::setuid(65534) != 0) || ::setrlimit(RLIMIT_NPROC, &few) != 0) ::_exit(2);
  try {
    Loader(Images(), 0, 1, {.threads = 64});
  } catch (const std::system_error& error) {
    std::fputs(error.what(), stderr);
    ::_exit(error.code().value() == EAGAIN ? 0 : 3);
  }
  ::_exit(4);
}

TEST(BatchLoader, SaysWhichThreadItCouldNotStartAndEndsThoseThatRun) {
  EXPECT_EXIT(LoadWithFewThreads(), ::testing::ExitedWithCode(0),
              "cannot start thread [0-9]+ of the 64 of data.loader_threads");
}

}  // namespace
}  // namespace simclr::engine
