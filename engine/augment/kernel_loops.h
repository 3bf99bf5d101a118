// The loops behind Kernels<T>, compiled once for each instruction set by the file that includes this one.
// Everything has internal linkage and uses no inline function of another header: a shared inline function
// might be kept from the file with the widest instructions and then run where they are missing.

#include <cstddef>
#include <cstdint>

#include "engine/augment/kernels.h"

namespace simclr::engine {
namespace {

template <typename T>
inline T Clamp(T value) {
  value = value < T(0) ? T(0) : value;
  return value > T(1) ? T(1) : value;
}

template <typename T>
inline T Luma(T red, T green, T blue) {
  return T(0.2989) * red + T(0.587) * green + T(0.114) * blue;
}

template <typename T>
void ResizeRows(const std::uint8_t* rows, std::size_t pitch, const std::int32_t* index, const T* weight,
                int stride, int width, int begin, int end, T* row) {
  const std::uint8_t* source = rows + index[0] * pitch;
  for (int x = begin; x < end; ++x) row[x] = weight[0] * static_cast<T>(source[x]);
  for (int k = 1; k < width; ++k) {
    const T w = weight[k * stride];
    if (w == T(0)) continue;
    source = rows + index[k * stride] * pitch;
    for (int x = begin; x < end; ++x) row[x] += w * static_cast<T>(source[x]);
  }
  for (int x = begin; x < end; ++x) row[x] /= T(255);
}

template <typename T>
void ResizeColumns(const T* row, const std::int32_t* index, const T* weight, int outputs, int width, T* red,
                   T* green, T* blue) {
  for (int x = 0; x < outputs; ++x) {
    const T* source = row + 3 * index[x];
    red[x] = weight[x] * source[0];
    green[x] = weight[x] * source[1];
    blue[x] = weight[x] * source[2];
  }
  for (int k = 1; k < width; ++k) {
    const std::int32_t* columns = index + k * outputs;
    const T* weights = weight + k * outputs;
    for (int x = 0; x < outputs; ++x) {
      const T* source = row + 3 * columns[x];
      red[x] += weights[x] * source[0];
      green[x] += weights[x] * source[1];
      blue[x] += weights[x] * source[2];
    }
  }
}

template <typename T>
void Brightness(T* pixels, std::size_t n, T factor) {
  for (std::size_t i = 0; i < 3 * n; ++i) pixels[i] = Clamp(factor * pixels[i]);
}

// Sums in double over sixteen fixed lanes, so that the order is the same for every vector length.
template <typename T>
double MeanLuma(const T* pixels, std::size_t n) {
  constexpr std::size_t kLanes = 16;
  double lanes[kLanes] = {};
  const T *red = pixels, *green = pixels + n, *blue = pixels + 2 * n;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] += static_cast<double>(Luma(red[i + lane], green[i + lane], blue[i + lane]));
    }
  }
  for (; i < n; ++i) lanes[i % kLanes] += static_cast<double>(Luma(red[i], green[i], blue[i]));
  double sum = 0;
  for (double lane : lanes) sum += lane;
  return sum / static_cast<double>(n);
}

template <typename T>
void Contrast(T* pixels, std::size_t n, T factor) {
  const T pivot = (T(1) - factor) * static_cast<T>(MeanLuma(pixels, n));
  for (std::size_t i = 0; i < 3 * n; ++i) pixels[i] = Clamp(factor * pixels[i] + pivot);
}

template <typename T>
void Saturation(T* pixels, std::size_t n, T factor) {
  T* __restrict__ red = pixels;
  T* __restrict__ green = pixels + n;
  T* __restrict__ blue = pixels + 2 * n;
  for (std::size_t i = 0; i < n; ++i) {
    const T r = red[i], g = green[i], b = blue[i];
    const T pivot = (T(1) - factor) * Luma(r, g, b);
    red[i] = Clamp(factor * r + pivot);
    green[i] = Clamp(factor * g + pivot);
    blue[i] = Clamp(factor * b + pivot);
  }
}

// One colour channel of an HSV pixel: v - chroma * clamp(min(k, 4 - k)), k = (offset + sector) mod 6, where
// offset is 5, 3 and 1 for red, green and blue and the hue in sectors is below 6 but for rounding.
template <typename T>
inline T HsvChannel(T value, T chroma, T offset, T sector) {
  const T turned = offset + sector;
  const T k = turned >= T(6) ? turned - T(6) : turned;
  const T falling = T(4) - k;
  return value - chroma * Clamp(k < falling ? k : falling);
}

// Branch-free: every case is computed and one is chosen. Gray pixels have hue 0 and chroma 0.
template <typename T>
void Hue(T* pixels, std::size_t n, T shift) {
  T* __restrict__ red = pixels;
  T* __restrict__ green = pixels + n;
  T* __restrict__ blue = pixels + 2 * n;
  for (std::size_t i = 0; i < n; ++i) {
    const T r = red[i], g = green[i], b = blue[i];
    const T rg_high = r > g ? r : g, rg_low = r < g ? r : g;
    const T high = rg_high > b ? rg_high : b, low = rg_low < b ? rg_low : b;
    const T delta = high - low;
    const T divisor = delta > T(0) ? delta : T(1);
    const T from_red = (g - b) / divisor;
    const T wrapped = from_red < T(0) ? from_red + T(6) : from_red;
    const T from_green = (b - r) / divisor + T(2);
    const T from_blue = (r - g) / divisor + T(4);
    const T not_red = high == g ? from_green : from_blue;
    const T sector = high == r ? wrapped : not_red;
    const T turned = sector / T(6) + shift;
    const T above = turned < T(0) ? turned + T(1) : turned;
    const T hue = T(6) * (above >= T(1) ? above - T(1) : above);
    const T value_divisor = high > T(0) ? high : T(1);
    const T chroma = high * (delta / value_divisor);
    red[i] = HsvChannel(high, chroma, T(5), hue);
    green[i] = HsvChannel(high, chroma, T(3), hue);
    blue[i] = HsvChannel(high, chroma, T(1), hue);
  }
}

template <typename T>
void Gray(T* pixels, std::size_t n) {
  T* __restrict__ red = pixels;
  T* __restrict__ green = pixels + n;
  T* __restrict__ blue = pixels + 2 * n;
  for (std::size_t i = 0; i < n; ++i) {
    const T luma = Luma(red[i], green[i], blue[i]);
    red[i] = luma;
    green[i] = luma;
    blue[i] = luma;
  }
}

template <typename T>
void Blur(const T* const* rows, const T* half, int radius, int n, T* __restrict__ out) {
  const T* center = rows[0];
  for (int x = 0; x < n; ++x) out[x] = half[0] * center[x];
  for (int d = 1; d <= radius; ++d) {
    const T *before = rows[-d], *after = rows[d];
    const T weight = half[d];
    for (int x = 0; x < n; ++x) out[x] += weight * (before[x] + after[x]);
  }
}

template <typename T>
void Interleave(const T* pixels, std::size_t n, T* __restrict__ out) {
  const T *red = pixels, *green = pixels + n, *blue = pixels + 2 * n;
  for (std::size_t i = 0; i < n; ++i) {
    out[3 * i] = red[i];
    out[3 * i + 1] = green[i];
    out[3 * i + 2] = blue[i];
  }
}

template <typename T>
constexpr Kernels<T> kLoops = {ResizeRows<T>, ResizeColumns<T>, Brightness<T>, Contrast<T>,  Saturation<T>,
                               Hue<T>,        Gray<T>,          Blur<T>,       Interleave<T>};

}  // namespace
}  // namespace simclr::engine
