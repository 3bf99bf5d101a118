#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/augment/image.h"

namespace simclr::engine {

// A PNG as RGB. Errors as DecodeImage, without the name. Thread-safe.
absl::StatusOr<Image> DecodePng(absl::string_view bytes);

}  // namespace simclr::engine
