#include "engine/augment/augmentation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace simclr::engine {
namespace {

// The numbers below were computed once by the scalar path; another value means other pixels for every user.
constexpr std::uint64_t kCifarHash = 0x30a32363d27bd440ULL;
constexpr std::uint64_t kImagenetHash = 0x5869509ed76b1253ULL;

// Smooth colours, edges and noise from integers alone.
Image Picture(int height, int width, std::uint64_t index) {
  KeyedRandom random({.seed = 9, .stream = Stream::kSynthetic, .index = index});
  Image image{height, width, std::vector<std::uint8_t>(3 * static_cast<std::size_t>(height) * width)};
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    const int x = static_cast<int>(i / 3) % width, y = static_cast<int>(i / 3) / width,
              c = static_cast<int>(i % 3);
    const int edge = (x / 5 + y / 7 + c + static_cast<int>(index)) % 3 == 0 ? 90 : 0;
    image.pixels[i] = static_cast<std::uint8_t>((x * (c + 1) + y * (3 - c) + edge + random.Below(40)) % 256);
  }
  return image;
}

AugmentConfig Cifar10() {
  AugmentConfig config;
  config.brightness = config.contrast = config.saturation = 0.4;
  config.hue = 0.1;
  config.blur_probability = 0;
  return config;
}

AugmentConfig Bicubic() {
  AugmentConfig config;
  config.interpolation = Interpolation::kBicubic;
  return config;
}

std::vector<float> View(const Augmentation& augmentation, const Image& image, const RandomKey& key) {
  const int size = augmentation.image_size();
  std::vector<float> out(3 * static_cast<std::size_t>(size) * size);
  augmentation.View(image, key, {out.data(), size, size});
  return out;
}

RandomKey Key(std::uint64_t index, std::uint32_t view) {
  return {.seed = 1, .epoch = 2, .index = index, .view = view};
}

std::uint64_t Fnv1a64(const std::vector<float>& values, std::uint64_t hash) {
  std::vector<unsigned char> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  for (unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001B3ULL;
  return hash;
}

std::uint64_t HashOfViews(const Augmentation& augmentation, int height, int width, int images) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (int i = 0; i < images; ++i) {
    const Image image = Picture(height, width, i);
    for (std::uint32_t view : {0, 1}) hash = Fnv1a64(View(augmentation, image, Key(i, view)), hash);
  }
  return hash;
}

TEST(Augmentation, ScalarPixelsAreThoseOfTheCommittedHashes) {
  EXPECT_EQ(HashOfViews(Augmentation(Cifar10(), 32, SimdLevel::kScalar), 32, 32, 64), kCifarHash);
  EXPECT_EQ(HashOfViews(Augmentation({}, 224, SimdLevel::kScalar), 300, 400, 4), kImagenetHash);
}

TEST(Augmentation, EveryInstructionSetGivesTheScalarPixels) {
  for (const AugmentConfig& config : {AugmentConfig(), Cifar10(), Bicubic()}) {
    for (int size : {32, 45, 96}) {
      const Augmentation scalar(config, size, SimdLevel::kScalar);
      for (SimdLevel level : {SimdLevel::kAvx2, SimdLevel::kAvx512}) {
        const Augmentation wide(config, size, level);
        for (int i = 0; i < 20; ++i) {
          const Image image = Picture(40 + 3 * i, 90 - 2 * i, i);
          ASSERT_EQ(View(scalar, image, Key(i, 0)), View(wide, image, Key(i, 0)))
              << "size " << size << " image " << i;
        }
      }
    }
  }
}

TEST(Augmentation, DoublePrecisionAgreesWithSinglePrecision) {
  const Augmentation augmentation({}, 48);
  std::vector<double> wide(3 * 48 * 48);
  for (int i = 0; i < 20; ++i) {
    const Image image = Picture(60, 70, i);
    const std::vector<float> narrow = View(augmentation, image, Key(i, 1));
    augmentation.ViewDouble(image, Key(i, 1), wide.data());
    for (std::size_t k = 0; k < wide.size(); ++k) ASSERT_NEAR(narrow[k], wide[k], 2e-5);
  }
}

TEST(Augmentation, ViewsOfOneImageDiffer) {
  const Augmentation augmentation({}, 32);
  const Image image = Picture(32, 32, 0);
  EXPECT_NE(View(augmentation, image, Key(0, 0)), View(augmentation, image, Key(0, 1)));
}

TEST(Augmentation, OutputsLieInTheUnitInterval) {
  const Augmentation augmentation({}, 32);
  for (int i = 0; i < 100; ++i) {
    for (float value : View(augmentation, Picture(50, 40, i), Key(i, 0))) {
      ASSERT_GE(value, 0);
      ASSERT_LE(value, 1.000001f);
    }
  }
}

TEST(Augmentation, GrayViewsHaveThreeEqualChannels) {
  AugmentConfig config;
  config.gray_probability = 1;
  const std::vector<float> pixels = View(Augmentation(config, 32), Picture(50, 40, 3), Key(0, 0));
  for (int i = 0; i < 1024; ++i) {
    EXPECT_EQ(pixels[i], pixels[1024 + i]);
    EXPECT_EQ(pixels[i], pixels[2048 + i]);
  }
}

TEST(Augmentation, NoneIsTheEvaluationTransform) {
  AugmentConfig config;
  config.none = true;
  const Augmentation augmentation(config, 24);
  const Image image = Picture(50, 40, 3);
  std::vector<float> eval(3 * 24 * 24);
  augmentation.Eval(image, {eval.data(), 24, 24});
  EXPECT_EQ(View(augmentation, image, Key(5, 1)), eval);
}

TEST(Augmentation, CropFlipUsesTheBoxOfTheView) {
  AugmentConfig plain;
  plain.jitter_probability = plain.gray_probability = plain.blur_probability = 0;
  const Image image = Picture(50, 40, 3);
  std::vector<float> crop(3 * 32 * 32);
  Augmentation({}, 32).CropFlip(image, Key(4, 0), {crop.data(), 32, 32});
  EXPECT_EQ(View(Augmentation(plain, 32), image, Key(4, 0)), crop);
}

}  // namespace
}  // namespace simclr::engine
