#include "engine/data/png.h"

#include <png.h>

#include <csetjmp>
#include <cstring>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "engine/data/image_limits.h"

namespace simclr::engine {
namespace {

// What libpng's callbacks need. libpng leaves through longjmp, which skips destructors, so everything that
// owns memory lives here, outside of the functions that are left.
struct Reading {
  absl::string_view rest;
  Image image;
  std::vector<png_bytep> rows;
  char error[128] = "";
  absl::Status status;
};

void ReadBytes(png_structp png, png_bytep out, png_size_t size) {
  auto* reading = static_cast<Reading*>(png_get_io_ptr(png));
  if (size > reading->rest.size()) png_error(png, "the file is cut off");
  std::memcpy(out, reading->rest.data(), size);
  reading->rest.remove_prefix(size);
}

void OnError(png_structp png, png_const_charp message) {
  auto* reading = static_cast<Reading*>(png_get_error_ptr(png));
  std::strncpy(reading->error, message, sizeof(reading->error) - 1);
  png_longjmp(png, 1);
}

void OnWarning(png_structp, png_const_charp) {}

// Whatever the file holds, rows come out as 8-bit RGB.
void AskForRgb(png_structp png) {
  png_set_expand(png);
  png_set_strip_16(png);
  png_set_strip_alpha(png);
  png_set_gray_to_rgb(png);
  png_set_interlace_handling(png);
}

// False where the image was refused (status) or libpng gave up (error).
bool ReadRows(png_structp png, png_infop info, Reading* reading) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_read_fn(png, reading, ReadBytes);
  png_read_info(png, info);
  const std::size_t height = png_get_image_height(png, info), width = png_get_image_width(png, info);
  reading->status = CheckPixelCount(static_cast<std::int64_t>(height), static_cast<std::int64_t>(width));
  if (!reading->status.ok()) return false;
  AskForRgb(png);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != width * 3) png_error(png, "unexpected pixel format");
  reading->image.height = static_cast<int>(height);
  reading->image.width = static_cast<int>(width);
  reading->image.pixels.resize(height * width * 3);
  for (std::size_t y = 0; y < height; ++y)
    reading->rows.push_back(reading->image.pixels.data() + y * width * 3);
  png_read_image(png, reading->rows.data());
  return true;
}

}  // namespace

absl::StatusOr<Image> DecodePng(absl::string_view bytes) {
  Reading reading;
  reading.rest = bytes;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, OnError, OnWarning);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
  if (info == nullptr) {
    png_destroy_read_struct(&png, nullptr, nullptr);
    return absl::ResourceExhaustedError("no memory for a PNG decoder");
  }
  const bool done = ReadRows(png, info, &reading);
  png_destroy_read_struct(&png, &info, nullptr);
  if (done) return std::move(reading.image);
  SIMCLR_RETURN_IF_ERROR(reading.status);
  return absl::InvalidArgumentError(absl::StrCat("is a damaged PNG (", reading.error, ")"));
}

}  // namespace simclr::engine
