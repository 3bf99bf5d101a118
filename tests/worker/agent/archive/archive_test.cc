#include "worker/agent/archive/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temporary_directory.h"
#include "worker/agent/base/part_thread.h"
#include "worker/agent/base/trainer_handle.h"

namespace simclr::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ArchiveTest : public ::testing::Test {
 protected:
  ArchiveTest()
      : archive_({.root = directory_ / "root", .chunk_bytes = 1000}, disk_, clock_, 1,
                 [this](const Archived& archived) { archived_.push_back(archived); }) {}

  ArchiveRequest Log(const std::string& job, const std::string& text) {
    const std::string rank = directory_ / ("trainers/" + job);
    EXPECT_TRUE(disk_.MakeDirectories(rank).ok());
    EXPECT_TRUE(disk_.Write(JoinPath(rank, kLogName), text).ok());
    return {RankKey{job, 1, 0, "0a"}, rank, job + "/logs/a1-0a-r0.log"};
  }
  void Run() {
    const absl::Duration now = clock_.Monotonic();
    while (archive_.RunOnce(now) <= now) {
    }
  }
  std::string Kept(const std::string& job) {
    return PosixFileSystem().Read(directory_ / ("root/" + job + "/logs/a1-0a-r0.log")).value_or("none");
  }

  TemporaryDirectory directory_;
  FakeClock clock_;
  FaultyFileSystem disk_;
  std::vector<Archived> archived_;
  Archive archive_;
};

TEST_F(ArchiveTest, CopiesALogPieceByPieceAndShowsItAsAWhole) {
  std::string text;
  for (int line = 0; text.size() < 10'500; ++line) text += "line " + std::to_string(line) + "\n";
  ASSERT_TRUE(archive_.Add(Log("j-1", text)));
  for (int piece = 0; piece < 5; ++piece) archive_.RunOnce(clock_.Monotonic());
  EXPECT_EQ(Kept("j-1"), "none");
  EXPECT_EQ(archive_.figures().copied, 5000);
  EXPECT_EQ(archive_.figures().bytes, static_cast<std::int64_t>(text.size()) - 5000);
  Run();
  EXPECT_EQ(Kept("j-1"), text);
  ASSERT_THAT(archived_, SizeIs(1));
  EXPECT_EQ(archived_[0].range->base, 0);
  EXPECT_EQ(archived_[0].range->end, static_cast<std::int64_t>(text.size()));
  EXPECT_TRUE(archive_.idle());
}

TEST_F(ArchiveTest, KeepsTheBytesAfterTheHoleAndTheirOffset) {
  ArchiveRequest request = Log("j-1", std::string(300'000, 'x') + "the end\n");
  ASSERT_TRUE(RotateLog(JoinPath(request.directory, kLogName), 100'000).ok());
  const std::int64_t base = RangeOfLog(JoinPath(request.directory, kLogName)).value().base;
  ASSERT_GT(base, 0);
  archive_.Add(request);
  Run();
  EXPECT_EQ(archived_.at(0).range->base, base);
  EXPECT_EQ(static_cast<std::int64_t>(Kept("j-1").size()), 300'008 - base);
  EXPECT_THAT(Kept("j-1"), testing::EndsWith("xxthe end\n"));
  EXPECT_EQ(PosixFileSystem().Read(directory_ / "root/j-1/logs/a1-0a-r0.log.base").value(),
            std::to_string(base) + "\n");
}

TEST_F(ArchiveTest, KeepsAnEmptyLogAndHasNothingOfAMissingOne) {
  archive_.Add(Log("j-1", ""));
  archive_.Add({std::nullopt, directory_ / "trainers/none", "j-2/logs/a1-r0.log"});
  Run();
  EXPECT_EQ(Kept("j-1"), "");
  ASSERT_THAT(archived_, SizeIs(2));
  EXPECT_FALSE(archived_[1].range.has_value());
  EXPECT_FALSE(PosixFileSystem().Exists(directory_ / "root/j-2"));
}

TEST_F(ArchiveTest, TriesAgainWhatFailsAndKeepsTheOthersMeanwhile) {
  archive_.Add(Log("j-1", std::string(3000, 'x')));
  archive_.Add(Log("j-2", "fine\n"));
  disk_.FillAfter(0, "j-1");
  Run();
  EXPECT_EQ(Kept("j-2"), "fine\n");
  EXPECT_EQ(archive_.figures().failures, 1);
  EXPECT_EQ(archive_.figures().logs, 1u);
  disk_.FillAfter(100, "j-1");
  clock_.Advance(absl::Seconds(1));
  Run();
  EXPECT_EQ(Kept("j-1"), std::string(3000, 'x'));
  EXPECT_THAT(archive_.figures().newest_failure, IsEmpty());
}

TEST_F(ArchiveTest, SaysWhyALogWaits) {
  archive_.Add(Log("j-1", "text"));
  disk_.FillAfter(0, "j-1");
  Run();
  EXPECT_THAT(archive_.figures().newest_failure, HasSubstr("no space left"));
}

TEST_F(ArchiveTest, IsTheOnlyOneThatWaitsForAStorageThatDoesNotAnswer) {
  disk_.Block("root");
  archive_.Add(Log("j-1", "text"));
  PartThread thread("archive", archive_, clock_);
  ASSERT_TRUE(disk_.AwaitBlocked());
  clock_.Advance(absl::Seconds(40));
  archive_.Add(Log("j-2", "more"));
  EXPECT_EQ(archive_.figures().logs, 2u);
  EXPECT_EQ(archive_.calls().Find(absl::Seconds(5))->what, "storage");
  EXPECT_EQ(archive_.calls().Find(absl::Seconds(5))->since, absl::Seconds(40));
  EXPECT_FALSE(thread.Stop(absl::Milliseconds(10)));
  disk_.Release();
  EXPECT_TRUE(thread.Stop(absl::Seconds(10)));
}

TEST_F(ArchiveTest, LooksAtAnIdleRootSoThatItsSilenceShows) {
  Run();
  disk_.Block("root");
  clock_.Advance(absl::Seconds(10));
  PartThread thread("archive", archive_, clock_);
  EXPECT_TRUE(disk_.AwaitBlocked());
  disk_.Release();
}

}  // namespace
}  // namespace simclr::agent
