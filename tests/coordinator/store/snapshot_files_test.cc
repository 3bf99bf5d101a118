#include "coordinator/store/snapshot_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/faulty_file_system.h"
#include "tests/support/temporary_directory.h"

namespace simclr::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Snapshot kSnapshot{12, "abc", std::string("a\0b\nc", 5)};

TEST(SnapshotFormat, GivesBackWhatWasWritten) {
  const Snapshot parsed = ParseSnapshot(FormatSnapshot(kSnapshot)).value();
  EXPECT_EQ(parsed.revision, 12);
  EXPECT_EQ(parsed.event_digest, "abc");
  EXPECT_EQ(parsed.bytes, kSnapshot.bytes);
}

TEST(SnapshotFormat, RefusesEveryFlippedByte) {
  const std::string file = FormatSnapshot(kSnapshot);
  for (std::size_t i = 0; i < file.size(); ++i) {
    std::string flipped = file;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    EXPECT_FALSE(ParseSnapshot(flipped).ok()) << "byte " << i;
  }
}

TEST(SnapshotFormat, RefusesEveryBeginning) {
  const std::string file = FormatSnapshot(kSnapshot);
  for (std::size_t size = 0; size < file.size(); ++size)
    EXPECT_FALSE(ParseSnapshot(file.substr(0, size)).ok()) << size;
}

class SnapshotFilesTest : public ::testing::Test {
 protected:
  void Damage(std::int64_t revision) {
    const std::string path = temporary_ / ("snapshots/" + std::to_string(revision) + ".snapshot");
    std::string bytes = PosixFileSystem().Read(path).value();
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    ASSERT_TRUE(PosixFileSystem().Write(path, bytes).ok());
  }

  TemporaryDirectory temporary_;
  FaultyFileSystem files_;
  SnapshotFiles snapshots_{files_, temporary_ / "snapshots"};
};

TEST_F(SnapshotFilesTest, KeepsTwo) {
  EXPECT_THAT(snapshots_.Revisions(), ElementsAre());
  EXPECT_EQ(snapshots_.Write({9, "-", "a"}).value(), 0);
  EXPECT_EQ(snapshots_.Write({10, "-", "b"}).value(), 9);
  EXPECT_EQ(snapshots_.Write({11, "-", "c"}).value(), 10);
  EXPECT_THAT(snapshots_.Revisions(), ElementsAre(11, 10));
  EXPECT_EQ(snapshots_.Read(10).value().bytes, "b");
}

TEST_F(SnapshotFilesTest, KeepsAnOlderOneInPlaceOfADamagedOne) {
  ASSERT_TRUE(snapshots_.Write({9, "-", "a"}).ok());
  ASSERT_TRUE(snapshots_.Write({10, "-", "b"}).ok());
  Damage(10);
  EXPECT_THAT(std::string(snapshots_.Read(10).status().message()),
              HasSubstr("10.snapshot is damaged: its SHA-256"));
  EXPECT_EQ(snapshots_.Write({11, "-", "c"}).value(), 9);
  EXPECT_THAT(snapshots_.Revisions(), ElementsAre(11, 9));
}

TEST_F(SnapshotFilesTest, LeavesTheOldOnesWhereTheDiskIsFull) {
  ASSERT_TRUE(snapshots_.Write({9, "-", "a"}).ok());
  ASSERT_TRUE(snapshots_.Write({10, "-", "b"}).ok());
  files_.FillAfter(0, "snapshot");
  EXPECT_TRUE(absl::IsResourceExhausted(snapshots_.Write({11, "-", "c"}).status()));
  EXPECT_THAT(snapshots_.Revisions(), ElementsAre(10, 9));
}

TEST_F(SnapshotFilesTest, DoesNotShowWhatIsPutAside) {
  ASSERT_TRUE(snapshots_.Write({9, "-", "a"}).ok());
  ASSERT_TRUE(snapshots_.PutAside(9).ok());
  EXPECT_THAT(snapshots_.Revisions(), ElementsAre());
}

}  // namespace
}  // namespace simclr::coordinator
