#include "tests/engine/data/test_images.h"

#include <gtest/gtest.h>
#include <png.h>
#include <turbojpeg.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace simclr::engine {
namespace {

constexpr int kWidth = 16, kHeight = 12;

void AppendBytes(png_structp png, png_bytep bytes, png_size_t size) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(bytes), size);
}

// The samples of one pixel: gray is the red value; palette indices count from 0.
std::vector<int> Samples(int red, int green, int blue, int colour_type) {
  switch (colour_type) {
    case PNG_COLOR_TYPE_GRAY:
      return {red};
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      return {red, 128};
    case PNG_COLOR_TYPE_RGB_ALPHA:
      return {red, green, blue, 128};
    case PNG_COLOR_TYPE_PALETTE:
      return {1};
    default:
      return {red, green, blue};
  }
}

}  // namespace

std::string MakeJpeg(int red, int green, int blue, JpegColours colours) {
  const bool cmyk = colours == JpegColours::kCmyk;
  std::vector<unsigned char> pixels;
  for (int i = 0; i < kWidth * kHeight; ++i) {
    for (int value : {red, green, blue}) pixels.push_back(static_cast<unsigned char>(value));
    if (cmyk) pixels.push_back(255);  // inverted black: none
  }
  tjhandle handle = tjInitCompress();
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  const int subsampling = colours == JpegColours::kGray ? TJSAMP_GRAY : TJSAMP_444;
  EXPECT_EQ(tjCompress2(handle, pixels.data(), kWidth, 0, kHeight, cmyk ? TJPF_CMYK : TJPF_RGB, &buffer,
                        &size, subsampling, 95, 0),
            0);
  std::string bytes(reinterpret_cast<char*>(buffer), size);
  tjFree(buffer);
  tjDestroy(handle);
  return bytes;
}

std::string MakePng(int red, int green, int blue, int colour_type, int bits) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &bytes, AppendBytes, nullptr);
  png_set_IHDR(png, info, kWidth, kHeight, bits, colour_type, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  std::array<png_color, 2> palette = {};
  palette[1] = {static_cast<png_byte>(red), static_cast<png_byte>(green), static_cast<png_byte>(blue)};
  if (colour_type == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette.data(), 2);
  png_write_info(png, info);
  std::vector<png_byte> row;
  for (int x = 0; x < kWidth; ++x) {
    for (int sample : Samples(red, green, blue, colour_type)) {
      row.push_back(static_cast<png_byte>(sample));
      if (bits == 16) row.push_back(0x77);
    }
  }
  for (int y = 0; y < kHeight; ++y) png_write_row(png, row.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

std::string TarMember(const std::string& name, const std::string& data, char type,
                      const std::string& prefix) {
  std::string header(512, '\0');
  name.copy(header.data(), 100);
  std::snprintf(header.data() + 124, 12, "%011o", static_cast<unsigned>(data.size()));
  header[156] = type;
  std::memcpy(header.data() + 257,
              "ustar\0"
              "00",
              8);
  prefix.copy(header.data() + 345, 155);
  std::memset(header.data() + 148, ' ', 8);
  unsigned sum = 0;
  for (unsigned char c : header) sum += c;
  std::snprintf(header.data() + 148, 8, "%06o", sum);
  return header + data + std::string((512 - data.size() % 512) % 512, '\0');
}

std::string TarEnd() {
  return std::string(1024, '\0');
}

struct FakeDataset::Counter {
  std::atomic<int> reads{0};
};

FakeDataset::FakeDataset(std::int64_t size, int classes, std::set<std::int64_t> bad)
    : size_(size), bad_(std::move(bad)), counter_(std::make_shared<Counter>()) {
  for (int i = 0; i < classes; ++i) classes_.push_back(absl::StrCat("class", i));
}

std::string FakeDataset::name(std::int64_t index) const {
  return absl::StrCat("image", index);
}

absl::StatusOr<Image> FakeDataset::Read(std::int64_t index) const {
  ++counter_->reads;
  if (bad_.count(index) > 0)
    return absl::InvalidArgumentError(absl::StrCat(name(index), ": is a damaged JPEG"));
  return Image{8, 8, std::vector<std::uint8_t>(192, static_cast<std::uint8_t>(index))};
}

int FakeDataset::reads() const {
  return counter_->reads;
}

}  // namespace simclr::engine
