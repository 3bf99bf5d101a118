#include "engine/augment/view_parameters.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace simclr::engine {
namespace {

constexpr int kCropTries = 10;

// Rounds half to even, as Python's round does.
int Round(double value) {
  return static_cast<int>(std::nearbyint(value));
}

CropBox LargestCentred(const AugmentConfig& config, int height, int width) {
  const double aspect = std::clamp(static_cast<double>(width) / height, config.min_aspect, config.max_aspect);
  CropBox box;
  box.width = std::clamp(Round(height * aspect), 1, width);
  box.height = std::clamp(Round(width / aspect), 1, height);
  box.top = (height - box.height) / 2;
  box.left = (width - box.width) / 2;
  return box;
}

std::array<JitterOp, 4> DrawOrder(KeyedRandom& random) {
  std::array<JitterOp, 4> order = ViewParameters().jitter_order;
  for (int last = 3; last > 0; --last) std::swap(order[last], order[random.Below(last + 1)]);
  return order;
}

double DrawFactor(double strength, KeyedRandom& random) {
  return random.Uniform(std::max(0.0, 1 - strength), 1 + strength);
}

}  // namespace

CropDraw DrawCrop(const AugmentConfig& config, int height, int width, KeyedRandom& random) {
  for (int attempt = 1; attempt <= kCropTries; ++attempt) {
    const double area = random.Uniform(config.min_area, config.max_area) * height * width;
    const double aspect = std::exp(random.Uniform(std::log(config.min_aspect), std::log(config.max_aspect)));
    CropBox box;
    box.width = Round(std::sqrt(area * aspect));
    box.height = Round(std::sqrt(area / aspect));
    if (box.width < 1 || box.width > width || box.height < 1 || box.height > height) continue;
    box.top = static_cast<int>(random.Below(height - box.height + 1));
    box.left = static_cast<int>(random.Below(width - box.width + 1));
    return {box, attempt};
  }
  return {LargestCentred(config, height, width), 0};
}

ViewParameters DrawViewParameters(const AugmentConfig& config, int height, int width, const RandomKey& key) {
  KeyedRandom random(key);
  ViewParameters view;
  view.flip = random.Uniform() < config.flip_probability;
  view.jitter = random.Uniform() < config.jitter_probability;
  view.jitter_order = DrawOrder(random);
  view.jitter_factors[0] = DrawFactor(config.brightness, random);
  view.jitter_factors[1] = DrawFactor(config.contrast, random);
  view.jitter_factors[2] = DrawFactor(config.saturation, random);
  view.jitter_factors[3] = random.Uniform(-config.hue, config.hue);
  view.gray = random.Uniform() < config.gray_probability;
  view.blur = random.Uniform() < config.blur_probability;
  view.sigma = random.Uniform(config.min_sigma, config.max_sigma);
  view.crop = config.crop ? DrawCrop(config, height, width, random).box : CropBox{0, 0, height, width};
  return view;
}

}  // namespace simclr::engine
