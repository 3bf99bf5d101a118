#pragma once

#include <cstddef>
#include <cstdint>

namespace simclr::engine {

// The pixel loops, one table for each instruction set. All of them are compiled from the same source
// (kernel_loops.h) without contraction and without reassociation, so every table gives the same bits: the
// wider ones are only faster. Pixels are planar: three planes of `n` values, one after the other. Thread-safe
// functions.
template <typename T>
struct Kernels {
  // row[x] = sum over k of weight[k * stride] * rows[index[k * stride] * pitch + x] / 255 for begin <= x <
  // end.
  void (*resize_rows)(const std::uint8_t* rows, std::size_t pitch, const std::int32_t* index, const T* weight,
                      int stride, int width, int begin, int end, T* row);
  // Resizes one interleaved row to `outputs` values of each plane; index and weight are FilterTaps.
  void (*resize_columns)(const T* row, const std::int32_t* index, const T* weight, int outputs, int width,
                         T* red, T* green, T* blue);

  // The four jitter operations and grayscale, in place. Luma is 0.2989 R + 0.587 G + 0.114 B.
  void (*brightness)(T* pixels, std::size_t n, T factor);
  void (*contrast)(T* pixels, std::size_t n, T factor);    // around the mean luma
  void (*saturation)(T* pixels, std::size_t n, T factor);  // around each pixel's luma
  void (*hue)(T* pixels, std::size_t n, T shift);          // through HSV; -1 <= shift <= 1 in turns
  void (*gray)(T* pixels, std::size_t n);

  // out[x] = half[0] * rows[0][x] + sum over d <= radius of half[d] * (rows[-d][x] + rows[d][x]).
  void (*blur)(const T* const* rows, const T* half, int radius, int n, T* out);

  // Planar to interleaved: out[3 * i + c] = planes[c * n + i].
  void (*interleave)(const T* pixels, std::size_t n, T* out);
};

// The tables that were compiled in; the wide ones may run only where BestSimdLevel() reaches them.
const Kernels<float>& ScalarKernels();
const Kernels<double>& ScalarKernelsDouble();
const Kernels<float>& Avx2Kernels();
const Kernels<float>& Avx512Kernels();

}  // namespace simclr::engine
