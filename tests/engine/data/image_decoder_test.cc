#include "engine/data/image_decoder.h"

#include <gtest/gtest.h>
#include <png.h>

#include "tests/engine/data/test_images.h"

namespace simclr::engine {
namespace {

void ExpectColour(const std::string& bytes, int red, int green, int blue, int tolerance) {
  const absl::StatusOr<Image> image = DecodeImage(bytes, "x");
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->height, 12);
  EXPECT_EQ(image->width, 16);
  ASSERT_EQ(image->pixels.size(), 16u * 12 * 3);
  EXPECT_NEAR(image->pixels[300], red, tolerance);
  EXPECT_NEAR(image->pixels[301], green, tolerance);
  EXPECT_NEAR(image->pixels[302], blue, tolerance);
}

void ExpectRefused(const std::string& bytes, const std::string& part) {
  const absl::StatusOr<Image> image = DecodeImage(bytes, "some/file");
  ASSERT_EQ(image.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(image.status().message().find("some/file: "), 0u) << image.status();
  EXPECT_NE(image.status().message().find(part), absl::string_view::npos) << image.status();
}

TEST(ImageDecoder, ReadsColourJpeg) {
  ExpectColour(MakeJpeg(200, 100, 50), 200, 100, 50, 3);
}

TEST(ImageDecoder, RepeatsGrayJpeg) {
  ExpectColour(MakeJpeg(90, 90, 90, JpegColours::kGray), 90, 90, 90, 2);
}

TEST(ImageDecoder, ConvertsCmykJpeg) {
  ExpectColour(MakeJpeg(200, 100, 50, JpegColours::kCmyk), 200, 100, 50, 4);
}

TEST(ImageDecoder, ReadsEveryKindOfPng) {
  ExpectColour(MakePng(10, 120, 250, PNG_COLOR_TYPE_RGB), 10, 120, 250, 0);
  ExpectColour(MakePng(10, 120, 250, PNG_COLOR_TYPE_RGB, 16), 10, 120, 250, 0);
  ExpectColour(MakePng(10, 120, 250, PNG_COLOR_TYPE_PALETTE), 10, 120, 250, 0);
  ExpectColour(MakePng(70, 0, 0, PNG_COLOR_TYPE_GRAY), 70, 70, 70, 0);
  ExpectColour(MakePng(70, 0, 0, PNG_COLOR_TYPE_GRAY, 16), 70, 70, 70, 0);
}

TEST(ImageDecoder, IgnoresAlpha) {
  ExpectColour(MakePng(10, 120, 250, PNG_COLOR_TYPE_RGB_ALPHA), 10, 120, 250, 0);
  ExpectColour(MakePng(70, 0, 0, PNG_COLOR_TYPE_GRAY_ALPHA), 70, 70, 70, 0);
}

TEST(ImageDecoder, RefusesWhatIsNoImage) {
  ExpectRefused("", "neither");
  ExpectRefused("hello, world", "neither");
  ExpectRefused("\xFF\xD8\xFF", "0 x 0 pixels");
  ExpectRefused("\x89PNG\r\n\x1A\n", "damaged PNG");
}

TEST(ImageDecoder, RefusesImagesThatAreCutOffAtAnyByte) {
  const std::string jpeg = MakeJpeg(1, 2, 3), png = MakePng(1, 2, 3, PNG_COLOR_TYPE_RGB);
  for (std::size_t size = 3; size + 2 < jpeg.size(); ++size) {
    EXPECT_FALSE(DecodeImage(jpeg.substr(0, size), "x").ok()) << size;
  }
  for (std::size_t size = 8; size + 30 < png.size(); ++size) {
    EXPECT_FALSE(DecodeImage(png.substr(0, size), "x").ok()) << size;
  }
}

TEST(ImageDecoder, SaysThatAFileIsDamaged) {
  const std::string jpeg = MakeJpeg(1, 2, 3), png = MakePng(1, 2, 3, PNG_COLOR_TYPE_RGB);
  ExpectRefused(jpeg.substr(0, jpeg.size() - 4), "damaged JPEG");
  ExpectRefused(png.substr(0, 40), "damaged PNG (the file is cut off)");
}

TEST(ImageDecoder, RefusesImpossibleSizesBeforeAllocating) {
  std::string jpeg = MakeJpeg(1, 2, 3);
  const std::size_t frame = jpeg.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  for (std::size_t i = 0; i < 4; ++i) jpeg[frame + 5 + i] = '\x7F';
  ExpectRefused(jpeg, "pixels");
}

}  // namespace
}  // namespace simclr::engine
