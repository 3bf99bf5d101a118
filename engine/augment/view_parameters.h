#pragma once

#include <array>

#include "engine/base/random_key.h"
#include "engine/config/job_config.h"

namespace simclr::engine {

// A rectangle of source pixels.
struct CropBox {
  int top = 0;
  int left = 0;
  int height = 0;
  int width = 0;
};

enum class JitterOp { kBrightness, kContrast, kSaturation, kHue };

// Everything that is random about one view.
struct ViewParameters {
  CropBox crop;
  bool flip = false;
  bool jitter = false;
  std::array<JitterOp, 4> jitter_order = {JitterOp::kBrightness, JitterOp::kContrast, JitterOp::kSaturation,
                                          JitterOp::kHue};
  std::array<double, 4> jitter_factors = {1, 1, 1, 0};  // by JitterOp
  bool gray = false;
  bool blur = false;
  double sigma = 1;  // pixels of the view
};

// Draws the parameters of the view of a height x width image. The draws are made in one fixed order whatever
// is switched off, so that switching an operation off leaves the others as they were:
//   flip, jitter, order (3), brightness, contrast, saturation, hue, gray, blur, sigma, then the crop.
// The crop is torchvision's: up to 10 tries of a uniform area and a log-uniform aspect, then the largest
// centred box of an allowed aspect. Without crop the box is the whole image. Pure; thread-safe.
ViewParameters DrawViewParameters(const AugmentConfig& config, int height, int width, const RandomKey& key);

struct CropDraw {
  CropBox box;
  int tries = 0;  // until one was accepted; 0 where none of the ten was
};

// The crop alone. Thread-safe.
CropDraw DrawCrop(const AugmentConfig& config, int height, int width, KeyedRandom& random);

}  // namespace simclr::engine
