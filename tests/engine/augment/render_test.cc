#include "engine/augment/render.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace simclr::engine {
namespace {

Image Gradient(int height, int width) {
  Image image{height, width, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.pixels.push_back(static_cast<std::uint8_t>(4 * x));
      image.pixels.push_back(static_cast<std::uint8_t>(5 * y));
      image.pixels.push_back(static_cast<std::uint8_t>(x * y));
    }
  }
  return image;
}

std::vector<float> Eval(const Image& image, int size) {
  std::vector<float> out(3 * size * size);
  RenderEval(ScalarKernels(), image, /*flip=*/false, size, out.data());
  return out;
}

TEST(RenderEval, IsTheImageItselfWhereSizesAgree) {
  const Image image = Gradient(12, 12);
  const std::vector<float> out = Eval(image, 12);
  for (int i = 0; i < 144; ++i) {
    for (int c = 0; c < 3; ++c) EXPECT_EQ(out[c * 144 + i], image.pixels[3 * i + c] / 255.0f);
  }
}

TEST(RenderEval, TakesTheCentreOfTheLongerSide) {
  const Image image = Gradient(10, 20);
  const std::vector<float> out = Eval(image, 10);
  EXPECT_EQ(out[0], 4 * 5 / 255.0f);
  EXPECT_EQ(out[9], 4 * 14 / 255.0f);
}

TEST(RenderEval, CopesWithEveryShape) {
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 300}, {300, 1}, {5, 7}}) {
    for (float value : Eval(Gradient(height, width), 16)) {
      EXPECT_GE(value, 0);
      EXPECT_LE(value, 1.0001f);
    }
  }
}

TEST(RenderGeometry, FlipReversesEveryRow) {
  const Image image = Gradient(30, 40);
  ViewParameters view;
  view.crop = {3, 4, 20, 25};
  std::vector<float> straight(3 * 256), flipped(3 * 256);
  RenderGeometry(ScalarKernels(), image, view, {}, 16, straight.data());
  view.flip = true;
  RenderGeometry(ScalarKernels(), image, view, {}, 16, flipped.data());
  for (int row = 0; row < 48; ++row)
    std::reverse(flipped.begin() + row * 16, flipped.begin() + row * 16 + 16);
  EXPECT_EQ(straight, flipped);
}

TEST(GaussianBlur, LeavesAConstantImageEvenAtTheBorder) {
  std::vector<double> pixels(3 * 24 * 40, 0.75);
  GaussianBlur(ScalarKernelsDouble(), 23, 2.0, 24, 40, pixels.data());
  for (double value : pixels) EXPECT_NEAR(value, 0.75, 1e-12);
}

TEST(Jitter, KeepsPixelsInTheUnitInterval) {
  std::vector<float> pixels(3 * 64);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i % 17) / 16;
  ViewParameters view;
  view.jitter_factors = {1.8, 1.8, 1.8, 0.2};
  Jitter(ScalarKernels(), view, 64, pixels.data());
  for (float value : pixels) {
    EXPECT_GE(value, 0);
    EXPECT_LE(value, 1);
  }
}

}  // namespace
}  // namespace simclr::engine
