#pragma once

#include <cstdint>
#include <vector>

#include "engine/config/job_config.h"

namespace simclr::engine {

// What one axis of a resize does: `source_length` samples from `source_begin` on become `full_outputs`
// samples, of which `outputs` from `first_output` on are wanted, last one first where `mirrored`.
struct ResizeAxis {
  int source_begin = 0;
  int source_length = 0;
  int full_outputs = 0;
  int first_output = 0;
  int outputs = 0;
  Interpolation interpolation = Interpolation::kBilinear;
  bool antialias = true;  // false: the two nearest samples (bilinear only)
  bool mirrored = false;
};

// The resize as a table: output i is the sum over k < width of weight[k * outputs + i] * source[index[k *
// outputs + i]]. Rows are padded with weight 0 and a valid index.
template <typename T>
struct FilterTaps {
  int outputs = 0;
  int width = 0;
  std::vector<std::int32_t> index;
  std::vector<T> weight;
};

// torchvision's resize of float tensors: triangle filter, or Keys' cubic with a = -0.5, stretched by the
// scale when it shrinks. Weights are computed in double precision and sum to 1. Reuses the storage of `taps`.
// Thread-safe.
template <typename T>
void ComputeResizeTaps(const ResizeAxis& axis, FilterTaps<T>* taps);

// Gaussian weights exp(-(d / sigma)^2 / 2) for d = -kernel/2 .. kernel/2, divided by their sum. `kernel` is
// odd.
std::vector<double> GaussianTaps(int kernel, double sigma);

// The kernel for a view: a tenth of the side, made odd as the official code does: 23 at 224, 9 at 96, 3
// at 32.
int BlurKernel(int image_size);

}  // namespace simclr::engine
