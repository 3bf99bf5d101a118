#include "engine/data/jpeg.h"

#include <turbojpeg.h>

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "engine/data/image_limits.h"

namespace simclr::engine {
namespace {

struct DestroyHandle {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Handle = std::unique_ptr<void, DestroyHandle>;

// libjpeg goes on after warnings such as stray bytes between markers; PIL accepts those files, and so do we.
// A file that ends early is no image.
absl::Status CheckResult(int result, const Handle& handle) {
  if (result == 0) return absl::OkStatus();
  const char* message = tjGetErrorStr2(handle.get());
  if (tjGetErrorCode(handle.get()) == TJERR_WARNING && !absl::StrContains(message, "remature end")) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("is a damaged JPEG (", message, ")"));
}

// a * b / 255, rounded.
int Scale(int a, int b) {
  const int product = a * b + 128;
  return (product + (product >> 8)) >> 8;
}

// Files of CMYK colours store every channel inverted (Adobe's habit, which all writers follow).
std::vector<std::uint8_t> RgbOfInvertedCmyk(const std::vector<std::uint8_t>& cmyk) {
  std::vector<std::uint8_t> rgb;
  rgb.reserve(cmyk.size() / 4 * 3);
  for (std::size_t i = 0; i < cmyk.size(); i += 4) {
    const int light = cmyk[i + 3];
    for (int c = 0; c < 3; ++c)
      rgb.push_back(static_cast<std::uint8_t>(light - Scale(255 - cmyk[i + c], light)));
  }
  return rgb;
}

}  // namespace

absl::StatusOr<Image> DecodeJpeg(absl::string_view bytes) {
  const Handle handle(tjInitDecompress());
  if (handle == nullptr) return absl::ResourceExhaustedError("no memory for a JPEG decoder");
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0, height = 0, subsampling = 0, colours = 0;
  SIMCLR_RETURN_IF_ERROR(CheckResult(
      tjDecompressHeader3(handle.get(), data, bytes.size(), &width, &height, &subsampling, &colours),
      handle));
  SIMCLR_RETURN_IF_ERROR(CheckPixelCount(height, width));
  const bool four = colours == TJCS_CMYK || colours == TJCS_YCCK;
  Image image{height, width, {}};
  image.pixels.resize(static_cast<std::size_t>(height) * width * (four ? 4 : 3));
  SIMCLR_RETURN_IF_ERROR(
      CheckResult(tjDecompress2(handle.get(), data, bytes.size(), image.pixels.data(), width,
                                /*pitch=*/0, height, four ? TJPF_CMYK : TJPF_RGB, TJFLAG_ACCURATEDCT),
                  handle));
  if (four) image.pixels = RgbOfInvertedCmyk(image.pixels);
  return image;
}

}  // namespace simclr::engine
