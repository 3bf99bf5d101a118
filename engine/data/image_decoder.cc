#include "engine/data/image_decoder.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/data/jpeg.h"
#include "engine/data/png.h"

namespace simclr::engine {
namespace {

constexpr absl::string_view kJpegSignature = "\xFF\xD8\xFF";
constexpr absl::string_view kPngSignature = "\x89PNG\r\n\x1A\n";

bool StartsWith(absl::string_view bytes, absl::string_view prefix) {
  return bytes.substr(0, prefix.size()) == prefix;
}

absl::StatusOr<Image> Decode(absl::string_view bytes) {
  if (StartsWith(bytes, kJpegSignature)) return DecodeJpeg(bytes);
  if (StartsWith(bytes, kPngSignature)) return DecodePng(bytes);
  return absl::InvalidArgumentError("is neither a JPEG nor a PNG image");
}

}  // namespace

absl::StatusOr<Image> DecodeImage(absl::string_view bytes, absl::string_view name) {
  absl::StatusOr<Image> image = Decode(bytes);
  if (image.ok()) return image;
  return absl::Status(image.status().code(), absl::StrCat(name, ": ", image.status().message()));
}

}  // namespace simclr::engine
