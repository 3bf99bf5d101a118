#include "engine/augment/filter_taps.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace simclr::engine {
namespace {

// The weights of one output over the source samples first, first + 1, ...
struct Window {
  int first = 0;
  std::vector<double> weights;
};

double Triangle(double t) {
  return std::max(1 - t, 0.0);
}

double KeysCubic(double t) {
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
  if (t < 2) return ((-0.5 * t + 2.5) * t - 4) * t + 2;
  return 0;
}

void TwoNearest(double center, int length, Window* window) {
  const double position = std::max(center - 0.5, 0.0);
  window->first = std::min(static_cast<int>(position), length - 1);
  const double share = position - window->first;
  window->weights.assign(1, 1 - share);
  if (window->first + 1 < length) {
    window->weights.push_back(share);
  } else {
    window->weights[0] += share;
  }
}

void Antialiased(double center, double scale, int length, Interpolation interpolation, Window* window) {
  const bool cubic = interpolation == Interpolation::kBicubic;
  const double stretch = std::max(scale, 1.0);
  const double radius = (cubic ? 2 : 1) * stretch;
  window->first = std::max(static_cast<int>(center - radius + 0.5), 0);
  const int end = std::min(static_cast<int>(center + radius + 0.5), length);
  window->weights.clear();
  double sum = 0;
  for (int j = window->first; j < end; ++j) {
    const double t = std::abs((j - center + 0.5) / stretch);
    window->weights.push_back(cubic ? KeysCubic(t) : Triangle(t));
    sum += window->weights.back();
  }
  for (double& weight : window->weights) weight /= sum;
}

int MaximalWidth(const ResizeAxis& axis) {
  if (!axis.antialias) return 2;
  const double scale = static_cast<double>(axis.source_length) / axis.full_outputs;
  const double radius = (axis.interpolation == Interpolation::kBicubic ? 2 : 1) * std::max(scale, 1.0);
  return std::min(static_cast<int>(std::ceil(2 * radius)) + 1, axis.source_length);
}

}  // namespace

template <typename T>
void ComputeResizeTaps(const ResizeAxis& axis, FilterTaps<T>* taps) {
  assert(axis.antialias || axis.interpolation == Interpolation::kBilinear);
  const double scale = static_cast<double>(axis.source_length) / axis.full_outputs;
  taps->outputs = axis.outputs;
  taps->width = MaximalWidth(axis);
  taps->index.assign(static_cast<std::size_t>(taps->width) * axis.outputs, axis.source_begin);
  taps->weight.assign(static_cast<std::size_t>(taps->width) * axis.outputs, T(0));
  Window window;
  for (int i = 0; i < axis.outputs; ++i) {
    const double center = scale * (axis.first_output + i + 0.5);
    if (axis.antialias) {
      Antialiased(center, scale, axis.source_length, axis.interpolation, &window);
    } else {
      TwoNearest(center, axis.source_length, &window);
    }
    assert(static_cast<int>(window.weights.size()) <= taps->width);
    const int column = axis.mirrored ? axis.outputs - 1 - i : i;
    for (std::size_t k = 0; k < window.weights.size(); ++k) {
      const std::size_t at = k * axis.outputs + column;
      taps->index[at] = axis.source_begin + window.first + static_cast<int>(k);
      taps->weight[at] = static_cast<T>(window.weights[k]);
    }
  }
}

template void ComputeResizeTaps<float>(const ResizeAxis&, FilterTaps<float>*);
template void ComputeResizeTaps<double>(const ResizeAxis&, FilterTaps<double>*);

std::vector<double> GaussianTaps(int kernel, double sigma) {
  assert(kernel % 2 == 1);
  std::vector<double> taps(kernel);
  double sum = 0;
  for (int i = 0; i < kernel; ++i) {
    const double z = (i - kernel / 2) / sigma;
    taps[i] = std::exp(-0.5 * z * z);
    sum += taps[i];
  }
  for (double& tap : taps) tap /= sum;
  return taps;
}

int BlurKernel(int image_size) {
  return image_size / 10 / 2 * 2 + 1;
}

}  // namespace simclr::engine
