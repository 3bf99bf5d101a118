#include "engine/augment/view_parameters.h"

#include <gtest/gtest.h>

namespace simclr::engine {
namespace {

RandomKey Key(std::uint64_t index, std::uint32_t view = 0) {
  return {.seed = 3, .index = index, .view = view};
}

TEST(ViewParameters, DependOnTheKeyAlone) {
  const ViewParameters once = DrawViewParameters({}, 40, 60, Key(7));
  const ViewParameters again = DrawViewParameters({}, 40, 60, Key(7));
  EXPECT_EQ(once.jitter_factors, again.jitter_factors);
  EXPECT_EQ(once.crop.left, again.crop.left);
  EXPECT_NE(once.jitter_factors, DrawViewParameters({}, 40, 60, Key(7, 1)).jitter_factors);
  EXPECT_NE(once.jitter_factors, DrawViewParameters({}, 40, 60, Key(8)).jitter_factors);
}

TEST(ViewParameters, SwitchingOneOperationOffLeavesTheOthers) {
  AugmentConfig without;
  without.jitter_probability = 0;
  without.blur_probability = 0;
  for (int i = 0; i < 50; ++i) {
    const ViewParameters with = DrawViewParameters({}, 40, 60, Key(i));
    const ViewParameters less = DrawViewParameters(without, 40, 60, Key(i));
    EXPECT_FALSE(less.jitter);
    EXPECT_FALSE(less.blur);
    EXPECT_EQ(with.flip, less.flip);
    EXPECT_EQ(with.gray, less.gray);
    EXPECT_EQ(with.crop.top, less.crop.top);
    EXPECT_EQ(with.crop.width, less.crop.width);
  }
}

TEST(ViewParameters, ProbabilitiesZeroAndOneAreCertain) {
  AugmentConfig config;
  config.flip_probability = 1;
  config.gray_probability = 0;
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(DrawViewParameters(config, 32, 32, Key(i)).flip);
    EXPECT_FALSE(DrawViewParameters(config, 32, 32, Key(i)).gray);
  }
}

TEST(ViewParameters, WithoutCropTheBoxIsTheWholeImage) {
  AugmentConfig config;
  config.crop = false;
  const CropBox box = DrawViewParameters(config, 40, 60, Key(1)).crop;
  EXPECT_EQ(box.height, 40);
  EXPECT_EQ(box.width, 60);
}

TEST(DrawCrop, StaysInsideImagesOfEveryShape) {
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 100}, {100, 1}, {7, 500}, {500, 7}, {3, 4}}) {
    for (int i = 0; i < 300; ++i) {
      KeyedRandom random(Key(i));
      const CropBox box = DrawCrop({}, height, width, random).box;
      EXPECT_GE(box.top, 0);
      EXPECT_GE(box.left, 0);
      EXPECT_GE(box.height, 1);
      EXPECT_GE(box.width, 1);
      EXPECT_LE(box.top + box.height, height);
      EXPECT_LE(box.left + box.width, width);
    }
  }
}

TEST(DrawCrop, FallsBackToTheLargestCentredBox) {
  AugmentConfig config;
  config.min_area = config.max_area = 1;  // of a 10 x 100 image no allowed aspect has the whole area
  KeyedRandom random(Key(1));
  const CropDraw draw = DrawCrop(config, 10, 100, random);
  EXPECT_EQ(draw.tries, 0);
  EXPECT_EQ(draw.box.height, 10);
  EXPECT_EQ(draw.box.width, 13);
  EXPECT_EQ(draw.box.left, 43);
}

}  // namespace
}  // namespace simclr::engine
