#include "engine/augment/render.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

namespace simclr::engine {
namespace {

// Memory that a thread uses again for every view; it holds nothing between two calls.
template <typename T>
struct Scratch {
  FilterTaps<T> row_taps, column_taps;
  std::vector<T> row;
  std::vector<T> plane;
  std::vector<T> half;  // Gaussian weights from the centre outwards
  std::vector<const T*> rows;
};

template <typename T>
Scratch<T>& ThreadScratch() {
  thread_local Scratch<T> scratch;
  return scratch;
}

// Index of position i of a line of n samples that is reflected at both ends.
int Reflect(int i, int n) {
  if (i < 0) return -i;
  return i < n ? i : 2 * (n - 1) - i;
}

template <typename T>
void BlurRows(const Kernels<T>& kernels, int radius, int height, int width, const T* in, T* out,
              Scratch<T>* s) {
  s->rows.resize(2 * radius + 1);
  for (int y = 0; y < height; ++y) {
    for (int d = -radius; d <= radius; ++d) s->rows[radius + d] = in + Reflect(y + d, height) * width;
    kernels.blur(s->rows.data() + radius, s->half.data(), radius, width, out + y * width);
  }
}

// Shifted copies of one padded row play the part of the neighbouring rows.
template <typename T>
void BlurColumns(const Kernels<T>& kernels, int radius, int height, int width, const T* in, T* out,
                 Scratch<T>* s) {
  s->row.resize(width + 2 * radius);
  s->rows.resize(2 * radius + 1);
  for (int d = 0; d <= 2 * radius; ++d) s->rows[d] = s->row.data() + d;
  for (int y = 0; y < height; ++y) {
    const T* line = in + y * width;
    for (int d = 1; d <= radius; ++d) {
      s->row[radius - d] = line[d];
      s->row[radius + width - 1 + d] = line[width - 1 - d];
    }
    std::copy(line, line + width, s->row.begin() + radius);
    kernels.blur(s->rows.data() + radius, s->half.data(), radius, width, out + y * width);
  }
}

// The wanted part of an axis whose length `source` becomes `full`, `outputs` of them from the middle.
ResizeAxis CentredAxis(int source, int full, int outputs) {
  ResizeAxis axis;
  axis.source_length = source;
  axis.full_outputs = full;
  axis.first_output = static_cast<int>(std::nearbyint((full - outputs) / 2.0));
  axis.outputs = outputs;
  return axis;
}

ResizeAxis WholeAxis(int begin, int length, int outputs, Interpolation interpolation) {
  ResizeAxis axis;
  axis.source_begin = begin;
  axis.source_length = length;
  axis.full_outputs = outputs;
  axis.outputs = outputs;
  axis.interpolation = interpolation;
  return axis;
}

}  // namespace

template <typename T>
void Resize(const Kernels<T>& kernels, const Image& image, const ResizeAxis& rows, const ResizeAxis& columns,
            T* out) {
  Scratch<T>& s = ThreadScratch<T>();
  ComputeResizeTaps(rows, &s.row_taps);
  ComputeResizeTaps(columns, &s.column_taps);
  const auto [first, last] = std::minmax_element(s.column_taps.index.begin(), s.column_taps.index.end());
  const std::size_t pitch = static_cast<std::size_t>(image.width) * 3;
  s.row.resize(pitch);
  const std::size_t plane = static_cast<std::size_t>(rows.outputs) * columns.outputs;
  for (int y = 0; y < rows.outputs; ++y) {
    kernels.resize_rows(image.pixels.data(), pitch, s.row_taps.index.data() + y, s.row_taps.weight.data() + y,
                        rows.outputs, s.row_taps.width, *first * 3, (*last + 1) * 3, s.row.data());
    T* line = out + static_cast<std::size_t>(y) * columns.outputs;
    kernels.resize_columns(s.row.data(), s.column_taps.index.data(), s.column_taps.weight.data(),
                           columns.outputs, s.column_taps.width, line, line + plane, line + 2 * plane);
  }
}

template <typename T>
void Jitter(const Kernels<T>& kernels, const ViewParameters& view, std::size_t n, T* pixels) {
  for (JitterOp op : view.jitter_order) {
    const T factor = static_cast<T>(view.jitter_factors[static_cast<int>(op)]);
    switch (op) {
      case JitterOp::kBrightness:
        kernels.brightness(pixels, n, factor);
        break;
      case JitterOp::kContrast:
        kernels.contrast(pixels, n, factor);
        break;
      case JitterOp::kSaturation:
        kernels.saturation(pixels, n, factor);
        break;
      case JitterOp::kHue:
        kernels.hue(pixels, n, factor);
        break;
    }
  }
}

template <typename T>
void GaussianBlur(const Kernels<T>& kernels, int kernel, double sigma, int height, int width, T* pixels) {
  const int radius = kernel / 2;
  assert(radius < height && radius < width);
  if (radius == 0) return;
  Scratch<T>& s = ThreadScratch<T>();
  const std::vector<double> taps = GaussianTaps(kernel, sigma);
  s.half.assign(taps.begin() + radius, taps.end());
  const std::size_t plane = static_cast<std::size_t>(height) * width;
  s.plane.resize(plane);
  for (int channel = 0; channel < 3; ++channel) {
    T* target = pixels + channel * plane;
    BlurRows(kernels, radius, height, width, target, s.plane.data(), &s);
    BlurColumns(kernels, radius, height, width, s.plane.data(), target, &s);
  }
}

template <typename T>
void RenderEval(const Kernels<T>& kernels, const Image& image, bool flip, int image_size, T* out) {
  const std::int64_t shorter = std::min(image.height, image.width);
  const ResizeAxis rows = CentredAxis(
      image.height, static_cast<int>(image_size * std::int64_t{image.height} / shorter), image_size);
  ResizeAxis columns = CentredAxis(
      image.width, static_cast<int>(image_size * std::int64_t{image.width} / shorter), image_size);
  columns.mirrored = flip;
  Resize(kernels, image, rows, columns, out);
}

template <typename T>
void RenderGeometry(const Kernels<T>& kernels, const Image& image, const ViewParameters& view,
                    const AugmentConfig& config, int image_size, T* out) {
  if (!config.crop) return RenderEval(kernels, image, view.flip, image_size, out);
  const CropBox& box = view.crop;
  const ResizeAxis rows = WholeAxis(box.top, box.height, image_size, config.interpolation);
  ResizeAxis columns = WholeAxis(box.left, box.width, image_size, config.interpolation);
  columns.mirrored = view.flip;
  Resize(kernels, image, rows, columns, out);
}

template <typename T>
void RenderView(const Kernels<T>& kernels, const Image& image, const ViewParameters& view,
                const AugmentConfig& config, int image_size, T* out) {
  const std::size_t n = static_cast<std::size_t>(image_size) * image_size;
  RenderGeometry(kernels, image, view, config, image_size, out);
  if (view.jitter) Jitter(kernels, view, n, out);
  if (view.gray) kernels.gray(out, n);
  if (view.blur) GaussianBlur(kernels, BlurKernel(image_size), view.sigma, image_size, image_size, out);
}

template void Resize(const Kernels<float>&, const Image&, const ResizeAxis&, const ResizeAxis&, float*);
template void Jitter(const Kernels<float>&, const ViewParameters&, std::size_t, float*);
template void GaussianBlur(const Kernels<float>&, int, double, int, int, float*);
template void RenderEval(const Kernels<float>&, const Image&, bool, int, float*);
template void RenderGeometry(const Kernels<float>&, const Image&, const ViewParameters&, const AugmentConfig&,
                             int, float*);
template void RenderView(const Kernels<float>&, const Image&, const ViewParameters&, const AugmentConfig&,
                         int, float*);

template void Resize(const Kernels<double>&, const Image&, const ResizeAxis&, const ResizeAxis&, double*);
template void Jitter(const Kernels<double>&, const ViewParameters&, std::size_t, double*);
template void GaussianBlur(const Kernels<double>&, int, double, int, int, double*);
template void RenderEval(const Kernels<double>&, const Image&, bool, int, double*);
template void RenderGeometry(const Kernels<double>&, const Image&, const ViewParameters&,
                             const AugmentConfig&, int, double*);
template void RenderView(const Kernels<double>&, const Image&, const ViewParameters&, const AugmentConfig&,
                         int, double*);

}  // namespace simclr::engine
