#include "engine/augment/filter_taps.h"

#include <gtest/gtest.h>

#include <numeric>

namespace simclr::engine {
namespace {

ResizeAxis Axis(int length, int outputs) {
  ResizeAxis axis;
  axis.source_length = length;
  axis.full_outputs = axis.outputs = outputs;
  return axis;
}

TEST(FilterTaps, WeightsOfEveryOutputSumToOneAndIndicesStayInside) {
  for (Interpolation interpolation : {Interpolation::kBilinear, Interpolation::kBicubic}) {
    for (const auto& [length, outputs] : {std::pair{1, 8}, {3, 32}, {32, 32}, {50, 32}, {1000, 7}}) {
      ResizeAxis axis = Axis(length, outputs);
      axis.source_begin = 5;
      axis.interpolation = interpolation;
      FilterTaps<double> taps;
      ComputeResizeTaps(axis, &taps);
      for (int i = 0; i < outputs; ++i) {
        double sum = 0;
        for (int k = 0; k < taps.width; ++k) {
          sum += taps.weight[k * outputs + i];
          EXPECT_GE(taps.index[k * outputs + i], 5);
          EXPECT_LT(taps.index[k * outputs + i], 5 + length);
        }
        EXPECT_NEAR(sum, 1, 1e-12);
      }
    }
  }
}

TEST(FilterTaps, EqualSizesCopy) {
  FilterTaps<float> taps;
  ComputeResizeTaps(Axis(9, 9), &taps);
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(taps.index[i], i);
    EXPECT_EQ(taps.weight[i], 1);
  }
}

TEST(FilterTaps, MirroredReversesTheOutputs) {
  ResizeAxis axis = Axis(11, 5);
  FilterTaps<double> straight, mirrored;
  ComputeResizeTaps(axis, &straight);
  axis.mirrored = true;
  ComputeResizeTaps(axis, &mirrored);
  for (int k = 0; k < straight.width; ++k) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(straight.weight[k * 5 + i], mirrored.weight[k * 5 + 4 - i]);
  }
}

TEST(FilterTaps, APartOfTheOutputsHasTheWeightsOfTheWhole) {
  FilterTaps<double> whole, part;
  ComputeResizeTaps(Axis(64, 40), &whole);
  ResizeAxis axis = Axis(64, 40);
  axis.first_output = 12;
  axis.outputs = 16;
  ComputeResizeTaps(axis, &part);
  for (int k = 0; k < part.width; ++k) {
    for (int i = 0; i < 16; ++i) EXPECT_EQ(part.weight[k * 16 + i], whole.weight[k * 40 + 12 + i]);
  }
}

TEST(GaussianTaps, HaveTheCentreWeightsOfThePaper) {
  EXPECT_NEAR(GaussianTaps(23, 1)[11], .398942278, 1e-9);
  EXPECT_NEAR(GaussianTaps(9, 1)[4], .398943469, 1e-9);
  EXPECT_NEAR(GaussianTaps(3, 1)[1], .451862762, 1e-9);
  EXPECT_NEAR(GaussianTaps(23, 2)[11], .199471141, 1e-9);
  EXPECT_NEAR(GaussianTaps(3, .1)[1], 1, 1e-12);
}

TEST(BlurKernel, IsATenthOfTheSideMadeOdd) {
  EXPECT_EQ(BlurKernel(224), 23);
  EXPECT_EQ(BlurKernel(96), 9);
  EXPECT_EQ(BlurKernel(32), 3);
  EXPECT_EQ(BlurKernel(8), 1);
}

}  // namespace
}  // namespace simclr::engine
