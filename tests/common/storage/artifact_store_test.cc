#include "common/storage/artifact_store.h"

#include <stdlib.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace simclr {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ArtifactStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/storeXXXXXX";
    root_ = ::mkdtemp(pattern.data());
    store_ = MakeDirectoryStore(root_, PosixFileSystem());
  }
  void TearDown() override { PosixFileSystem().RemoveAll(root_).IgnoreError(); }

  void Write(const std::string& name, const std::string& text) {
    auto draft = store_->Begin(name);
    ASSERT_TRUE(draft.ok()) << draft.status();
    ASSERT_TRUE((*draft)->Put("text", text).ok());
    ASSERT_TRUE((*draft)->Commit().ok());
  }

  std::string root_;
  std::unique_ptr<ArtifactStore> store_;
};

TEST_F(ArtifactStoreTest, ShowsACommittedArtifactWithItsFiles) {
  Write("job/checkpoints/a1-s2", "two");
  Write("job/checkpoints/a1-s1", "one");
  EXPECT_THAT(*store_->List("job/checkpoints"), ElementsAre("a1-s1", "a1-s2"));
  EXPECT_EQ(*store_->Open("job/checkpoints/a1-s2/text"), "two");
}

TEST_F(ArtifactStoreTest, HidesADraftAndRemovesItWhereItIsNotCommitted) {
  {
    auto draft = store_->Begin("job/export");
    ASSERT_TRUE(draft.ok());
    ASSERT_TRUE((*draft)->Put("text", "half").ok());
    EXPECT_THAT(*store_->List("job"), IsEmpty());
  }
  EXPECT_FALSE(PosixFileSystem().Exists(root_ + "/job/export.partial"));
}

TEST_F(ArtifactStoreTest, BeginsAnewOverWhatAKilledWriterLeft) {
  ASSERT_TRUE(PosixFileSystem().MakeDirectories(root_ + "/job/export.partial").ok());
  ASSERT_TRUE(PosixFileSystem().Write(root_ + "/job/export.partial/stale", "x").ok());
  Write("job/export", "new");
  EXPECT_THAT(*PosixFileSystem().List(root_ + "/job/export"), ElementsAre("text"));
}

TEST_F(ArtifactStoreTest, ReplacesAnArtifactOfTheSameName) {
  Write("job/export", "old");
  Write("job/export", "new");
  EXPECT_EQ(*store_->Open("job/export/text"), "new");
}

TEST_F(ArtifactStoreTest, RemovesAnArtifactAndToleratesAMissingOne) {
  Write("job/export", "old");
  EXPECT_TRUE(store_->Remove("job/export").ok());
  EXPECT_TRUE(store_->Remove("job/export").ok());
  EXPECT_EQ(store_->Open("job/export/text").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ArtifactStoreTest, ListsNothingWhereTheDirectoryDoesNotExist) {
  EXPECT_THAT(*store_->List("nowhere"), IsEmpty());
}

}  // namespace
}  // namespace simclr
