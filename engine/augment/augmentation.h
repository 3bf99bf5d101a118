#pragma once

#include <cstdint>

#include "engine/augment/image.h"
#include "engine/base/random_key.h"
#include "engine/config/job_config.h"

namespace simclr::engine {

enum class SimdLevel { kScalar, kAvx2, kAvx512 };

// The widest level that this CPU has and that was compiled in.
SimdLevel BestSimdLevel();

// Makes the float views that the encoder sees. Pure: the key alone decides the random draws (the key's stream
// is kAugment), so the same key gives the same pixels everywhere. The scalar level is the reference; its
// pixels are bit-identical on every machine. Thread-safe.
class Augmentation {
 public:
  Augmentation(const AugmentConfig& config, int image_size, SimdLevel level = BestSimdLevel());

  // One training view of `image`: crop, flip, jitter, grayscale, blur, as configured. With config.none it is
  // Eval. `out` is image_size x image_size.
  void View(const Image& image, const RandomKey& key, PlanarView out) const;

  // As View, with double precision from uint8 / 255 to the last operation (train.precision: fp64).
  void ViewDouble(const Image& image, const RandomKey& key, double* out) const;

  // Crop and flip alone: what the linear classifier trains on in mode augmented.
  void CropFlip(const Image& image, const RandomKey& key, PlanarView out) const;

  // Evaluation: the shorter side to image_size (antialiased bilinear), then the centre; the image itself
  // where the sizes agree.
  void Eval(const Image& image, PlanarView out) const;
  void EvalDouble(const Image& image, double* out) const;

  int image_size() const { return image_size_; }

 private:
  AugmentConfig config_;
  int image_size_;
  SimdLevel level_;
};

}  // namespace simclr::engine
