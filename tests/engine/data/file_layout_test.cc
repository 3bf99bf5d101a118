#include "engine/data/file_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simclr::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(FileLayout, FlatFilesAreOneClassSortedBytewise) {
  const FileLayout layout = ArrangeFiles({"b.jpg", "a.jpg", "B.jpg"}, "train");
  EXPECT_THAT(layout.classes, ElementsAre(""));
  EXPECT_THAT(layout.files, ElementsAre(2, 1, 0));
}

TEST(FileLayout, FoldersAreClassesAndLooseFilesAreLeftOut) {
  const FileLayout layout = ArrangeFiles({"dog/1.jpg", "cat/1.jpg", "README", "cat/deep/2.jpg"}, "train");
  EXPECT_THAT(layout.classes, ElementsAre("cat", "dog"));
  EXPECT_THAT(layout.files, ElementsAre(1, 3, 0));
  EXPECT_THAT(layout.labels, ElementsAre(0, 0, 1));
}

TEST(FileLayout, ASplitIsChosenAndTheOthersAreLeftOut) {
  const std::vector<std::string> paths = {"train/cat/1.jpg", "test/cat/2.jpg", "test/dog/3.jpg"};
  EXPECT_THAT(ArrangeFiles(paths, "train").files, ElementsAre(0));
  EXPECT_THAT(ArrangeFiles(paths, "test").files, ElementsAre(1, 2));
  EXPECT_THAT(ArrangeFiles(paths, "test").classes, ElementsAre("cat", "dog"));
}

TEST(FileLayout, FlatSplitsAreSplits) {
  const FileLayout layout = ArrangeFiles({"train/1.jpg", "test/2.jpg"}, "test");
  EXPECT_THAT(layout.classes, ElementsAre(""));
  EXPECT_THAT(layout.files, ElementsAre(1));
}

TEST(FileLayout, AClassMayBeCalledAsASplit) {
  EXPECT_THAT(ArrangeFiles({"train/1.jpg", "plane/2.jpg"}, "train").classes, ElementsAre("plane", "train"));
}

TEST(FileLayout, OuterFoldersAreLookedThrough) {
  const FileLayout layout = ArrangeFiles({"cifar/test/cat/1.jpg", "cifar/test/dog/1.jpg"}, "train");
  EXPECT_THAT(layout.classes, ElementsAre("cat", "dog"));
}

TEST(FileLayout, HiddenPathsAreIgnored) {
  EXPECT_THAT(ArrangeFiles({".cache/1.jpg", "cat/.thumb.jpg", ".DS_Store"}, "train").files, IsEmpty());
}

}  // namespace
}  // namespace simclr::engine
