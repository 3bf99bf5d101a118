#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/augment/image.h"

namespace simclr::engine {

// A JPEG as RGB, by libjpeg-turbo's accurate transform. Errors as DecodeImage, without the name. Thread-safe.
absl::StatusOr<Image> DecodeJpeg(absl::string_view bytes);

}  // namespace simclr::engine
