#include "engine/augment/augmentation.h"

#include <algorithm>
#include <cassert>

#include "engine/augment/kernels.h"
#include "engine/augment/render.h"
#include "engine/augment/view_parameters.h"

namespace simclr::engine {
namespace {

const Kernels<float>& KernelsFor(SimdLevel level) {
#if defined(__x86_64__)
  if (level == SimdLevel::kAvx512) return Avx512Kernels();
  if (level == SimdLevel::kAvx2) return Avx2Kernels();
#endif
  return ScalarKernels();
}

}  // namespace

SimdLevel BestSimdLevel() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return SimdLevel::kAvx512;
  }
  if (__builtin_cpu_supports("avx2")) return SimdLevel::kAvx2;
#endif
  return SimdLevel::kScalar;
}

Augmentation::Augmentation(const AugmentConfig& config, int image_size, SimdLevel level)
    : config_(config), image_size_(image_size), level_(std::min(level, BestSimdLevel())) {
  assert(image_size > 0);
}

void Augmentation::View(const Image& image, const RandomKey& key, PlanarView out) const {
  if (config_.none) return Eval(image, out);
  assert(out.height == image_size_ && out.width == image_size_);
  const ViewParameters view = DrawViewParameters(config_, image.height, image.width, key);
  RenderView(KernelsFor(level_), image, view, config_, image_size_, out.data);
}

void Augmentation::ViewDouble(const Image& image, const RandomKey& key, double* out) const {
  if (config_.none) return EvalDouble(image, out);
  const ViewParameters view = DrawViewParameters(config_, image.height, image.width, key);
  RenderView(ScalarKernelsDouble(), image, view, config_, image_size_, out);
}

void Augmentation::CropFlip(const Image& image, const RandomKey& key, PlanarView out) const {
  assert(out.height == image_size_ && out.width == image_size_);
  const ViewParameters view = DrawViewParameters(config_, image.height, image.width, key);
  RenderGeometry(KernelsFor(level_), image, view, config_, image_size_, out.data);
}

void Augmentation::Eval(const Image& image, PlanarView out) const {
  assert(out.height == image_size_ && out.width == image_size_);
  RenderEval(KernelsFor(level_), image, /*flip=*/false, image_size_, out.data);
}

void Augmentation::EvalDouble(const Image& image, double* out) const {
  RenderEval(ScalarKernelsDouble(), image, /*flip=*/false, image_size_, out);
}

}  // namespace simclr::engine
