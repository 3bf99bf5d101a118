#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/augment/image.h"

namespace simclr::engine {

// Decodes a JPEG or PNG (told apart by content) at its own size to RGB, as PIL's convert("RGB") does: gray is
// repeated, CMYK and YCCK follow Adobe's inverted convention, palettes are resolved, alpha is ignored, 16
// bits are cut to 8. INVALID_ARGUMENT where `bytes` are no such image, are cut off or corrupt, or hold over
// 100 million pixels; the message begins with `name`. Thread-safe.
absl::StatusOr<Image> DecodeImage(absl::string_view bytes, absl::string_view name);

}  // namespace simclr::engine
