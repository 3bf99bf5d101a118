#include "worker/agent/spool.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace simclr::agent {
namespace {

class SpoolTest : public ::testing::Test {
 protected:
  std::unique_ptr<Spool> Open(std::size_t max_metrics = 100) {
    return Spool::Open(PosixFileSystem(), directory_.path(), max_metrics).value();
  }
  // Takes everything out.
  static std::vector<std::string> Drain(Spool& spool) {
    std::vector<std::string> items;
    while (spool.size() > 0) {
      const SpoolItem item = *spool.Head();
      items.push_back(item.bytes);
      spool.Remove(item.sequence);
    }
    return items;
  }

  TemporaryDirectory directory_;
};

TEST_F(SpoolTest, GivesItemsInTheOrderOfTheirComing) {
  const auto spool = Open();
  spool->Add(SpoolKind::kMetrics, "a");
  spool->Add(SpoolKind::kCommit, "b");
  spool->Add(SpoolKind::kExit, "c");
  EXPECT_EQ(Drain(*spool), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(SpoolTest, SurvivesTheAgent) {
  Open()->Add(SpoolKind::kCommit, "commit");
  Open()->Add(SpoolKind::kExit, "exit");
  const auto spool = Open();
  EXPECT_EQ(spool->last_sequence(), 2u);
  EXPECT_EQ(spool->Head()->kind, SpoolKind::kCommit);
  EXPECT_EQ(Drain(*spool), (std::vector<std::string>{"commit", "exit"}));
  EXPECT_EQ(Open()->size(), 0u);
}

TEST_F(SpoolTest, DropsOldMetricsButNeverACommit) {
  const auto spool = Open(/*max_metrics=*/2);
  spool->Add(SpoolKind::kCommit, "commit");
  for (const char* metrics : {"1", "2", "3"}) spool->Add(SpoolKind::kMetrics, metrics);
  EXPECT_EQ(Drain(*spool), (std::vector<std::string>{"commit", "2", "3"}));
}

TEST_F(SpoolTest, KeepsInMemoryWhatTheDiskDoesNotTake) {
  const auto spool = Open();
  ASSERT_TRUE(PosixFileSystem().RemoveAll(directory_.path()).ok());
  spool->Add(SpoolKind::kExit, "exit");
  EXPECT_EQ(Drain(*spool), (std::vector<std::string>{"exit"}));
}

TEST_F(SpoolTest, TellsWhenEverythingUpToASequenceIsDelivered) {
  const auto spool = Open();
  spool->Add(SpoolKind::kExit, "1");
  const std::uint64_t last = spool->last_sequence();
  EXPECT_FALSE(spool->AwaitDelivered(last, absl::ZeroDuration()));
  spool->Remove(last);
  spool->Add(SpoolKind::kExit, "2");
  EXPECT_TRUE(spool->AwaitDelivered(last, absl::ZeroDuration()));
}

TEST_F(SpoolTest, PutsAsideWhatCannotBeReadWithTheReason) {
  auto spool = Open();
  spool->Add(SpoolKind::kExit, "torn");
  spool->Add(SpoolKind::kCommit, "commit");
  spool->Quarantine(1, "it is no exit any more");
  EXPECT_EQ(spool->Head()->kind, SpoolKind::kCommit);
  const std::string aside = directory_ / "quarantine/00000000000000000001.exit";
  EXPECT_EQ(PosixFileSystem().Read(aside).value(), "torn");
  EXPECT_EQ(PosixFileSystem().Read(aside + ".reason").value(), "it is no exit any more\n");
  spool = Open();
  EXPECT_EQ(Drain(*spool), (std::vector<std::string>{"commit"}));
}

TEST_F(SpoolTest, EndsWhenClosed) {
  const auto spool = Open();
  spool->Close();
  EXPECT_FALSE(spool->Head().has_value());
}

}  // namespace
}  // namespace simclr::agent
