#include "worker/agent/files/spool_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace simclr::agent {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class SpoolDirectoryTest : public ::testing::Test {
 protected:
  SpoolDirectoryTest() : spool_(PosixFileSystem(), directory_ / "spool") { EXPECT_TRUE(spool_.Load().ok()); }

  TemporaryDirectory directory_;
  SpoolDirectory spool_;
};

TEST_F(SpoolDirectoryTest, GivesItemsInTheOrderOfTheirSequence) {
  for (const std::uint64_t sequence : {10, 9, 11}) {
    ASSERT_TRUE(spool_.Write({sequence, SpoolKind::kCommit, std::to_string(sequence)}).ok());
  }
  ASSERT_TRUE(spool_.Write({12, SpoolKind::kArchived, "log"}).ok());
  ASSERT_TRUE(spool_.Remove(11, SpoolKind::kCommit).ok());
  const SpoolContents contents = spool_.Load().value();
  ASSERT_THAT(contents.items, SizeIs(3));
  EXPECT_EQ(contents.items[0].bytes, "9");
  EXPECT_EQ(contents.items[1].bytes, "10");
  EXPECT_EQ(contents.items[2].kind, SpoolKind::kArchived);
  EXPECT_EQ(contents.last_sequence, 12u);
}

TEST_F(SpoolDirectoryTest, PutsAsideWithTheReasonAndGivesItsSequenceToNoOther) {
  const SpoolItem item{7, SpoolKind::kExit, "torn"};
  ASSERT_TRUE(spool_.Write(item).ok());
  ASSERT_TRUE(spool_.PutAside(item, "it is no exit any more").ok());
  const std::string aside = spool_.quarantine() + "/00000000000000000007.exit";
  EXPECT_EQ(PosixFileSystem().Read(aside).value(), "torn");
  EXPECT_EQ(PosixFileSystem().Read(aside + ".reason").value(), "it is no exit any more\n");
  const SpoolContents contents = spool_.Load().value();
  EXPECT_THAT(contents.items, IsEmpty());
  EXPECT_EQ(contents.last_sequence, 7u);
  EXPECT_EQ(contents.quarantined, 1u);
}

TEST_F(SpoolDirectoryTest, PutsAsideAnItemWhoseFileCannotBeRead) {
  ASSERT_TRUE(PosixFileSystem().MakeDirectories(directory_ / "spool/00000000000000000003.exit").ok());
  EXPECT_THAT(spool_.Load().value().items, IsEmpty());
  EXPECT_TRUE(PosixFileSystem().Exists(spool_.quarantine() + "/00000000000000000003.exit.reason"));
}

}  // namespace
}  // namespace simclr::agent
