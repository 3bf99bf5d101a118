#include "engine/data/cifar_dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/data/temporary_directory.h"

namespace simclr::engine {
namespace {

using testing::HasSubstr;

std::string Record(int label, int red, int green, int blue) {
  std::string record(1, static_cast<char>(label));
  for (int value : {red, green, blue}) record += std::string(1024, static_cast<char>(value));
  return record;
}

TEST(CifarDataset, ReadsTheBatchesOfASplitInOrder) {
  const TemporaryDirectory directory;
  directory.Write("data_batch_1.bin", Record(3, 1, 2, 3) + Record(9, 4, 5, 6));
  directory.Write("data_batch_2.bin", Record(0, 7, 8, 9));
  directory.Write("test_batch.bin", Record(5, 250, 251, 252));
  const auto train = OpenCifar(directory.path(), "train");
  ASSERT_TRUE(train.ok()) << train.status();
  EXPECT_EQ((*train)->size(), 3);
  EXPECT_EQ((*train)->label(1), 9);
  EXPECT_EQ((*train)->classes()[3], "cat");
  const auto image = (*train)->Read(2);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->pixels[30], 7);
  EXPECT_EQ(image->pixels[31], 8);
  EXPECT_EQ(image->pixels[32], 9);
  EXPECT_EQ((*OpenCifar(directory.path(), "test"))->Read(0)->pixels[2], 252);
}

TEST(CifarDataset, FindsTheFolderOfTheArchiveAndItsClassNames) {
  const TemporaryDirectory directory;
  directory.Write("cifar-10-batches-bin/data_batch_1.bin", Record(1, 1, 2, 3));
  directory.Write("cifar-10-batches-bin/batches.meta.txt", "plane\ncar\n\n");
  const auto dataset = OpenCifar(directory.path(), "train");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_THAT((*dataset)->classes(), testing::ElementsAre("plane", "car"));
}

TEST(CifarDataset, RefusesWhatIsMissingCutOffOrMislabelled) {
  const TemporaryDirectory directory;
  EXPECT_THAT(std::string(OpenCifar(directory.path(), "train").status().message()), HasSubstr("data_batch_"));
  directory.Write("data_batch_1.bin", Record(1, 1, 2, 3).substr(0, 3000));
  EXPECT_THAT(std::string(OpenCifar(directory.path(), "train").status().message()), HasSubstr("cut off"));
  directory.Write("data_batch_1.bin", Record(77, 1, 2, 3));
  EXPECT_THAT(std::string(OpenCifar(directory.path(), "train").status().message()), HasSubstr("label 77"));
}

}  // namespace
}  // namespace simclr::engine
