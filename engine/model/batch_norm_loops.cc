#include "engine/model/batch_norm_loops.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>

#include "engine/base/torch_parallel.h"

namespace simclr::engine::cpu {
namespace {

constexpr std::int64_t kLanes = 16;       // channels summed at once: their sums stay in registers
constexpr std::int64_t kBlock = 1 << 13;  // elements that stay in the first cache while all channels pass
constexpr std::int64_t kMaxParts = 64;    // partial sums; their number does not depend on the threads

// Channels last and matrices are rows of channels (inner = 1); else a channel is a plane of `inner` elements.
struct Shape {
  std::int64_t outer, channels, inner;
};

Shape ShapeOf(const at::Tensor& x) {
  const std::int64_t channels = x.size(1), positions = x.numel() / channels;
  const bool rows = x.dim() == 2 || x.is_contiguous(at::MemoryFormat::ChannelsLast);
  return rows ? Shape{positions, channels, 1} : Shape{x.size(0), channels, positions / x.size(0)};
}

// The element-wise passes compute in fp32 for bf16.
template <typename T>
using Compute = std::conditional_t<std::is_same_v<T, double>, double, float>;

// What is summed over a channel: x and x^2 forward, dy and dy (x - mean) backward. Lane l of `rows` rows,
// `stride` apart, goes to first[l] and second[l].
template <typename T>
struct Moments {
  const T* x;

  template <std::int64_t kWidth>
  [[gnu::always_inline]] void Add(std::int64_t at, std::int64_t rows, std::int64_t stride, const double*,
                                  double* first, double* second) const {
    const T* p = x + at;
    double sum[kWidth] = {}, square[kWidth] = {};
    for (std::int64_t row = 0; row < rows; ++row, p += stride) {
      for (std::int64_t lane = 0; lane < kWidth; ++lane) {
        const double value = static_cast<Compute<T>>(p[lane]);
        sum[lane] += value;
        square[lane] += value * value;
      }
    }
    for (std::int64_t lane = 0; lane < kWidth; ++lane) first[lane] += sum[lane], second[lane] += square[lane];
  }
};

template <typename T>
struct GradientMoments {
  const T* dy;
  const T* x;

  template <std::int64_t kWidth>
  [[gnu::always_inline]] void Add(std::int64_t at, std::int64_t rows, std::int64_t stride, const double* mean,
                                  double* first, double* second) const {
    const T *p = dy + at, *q = x + at;
    double sum[kWidth] = {}, dot[kWidth] = {};
    for (std::int64_t row = 0; row < rows; ++row, p += stride, q += stride) {
      for (std::int64_t lane = 0; lane < kWidth; ++lane) {
        const double gradient = static_cast<Compute<T>>(p[lane]);
        sum[lane] += gradient;
        dot[lane] += gradient * (static_cast<Compute<T>>(q[lane]) - mean[lane]);
      }
    }
    for (std::int64_t lane = 0; lane < kWidth; ++lane) first[lane] += sum[lane], second[lane] += dot[lane];
  }
};

// Sums of rows [begin, end) of channels-last data, all channels.
template <typename Summand>
[[gnu::always_inline]] inline void SumRows(const Summand& summand, const Shape& shape, std::int64_t begin,
                                           std::int64_t end, const double* mean, double* sums) {
  const std::int64_t channels = shape.channels;
  const std::int64_t step = std::max<std::int64_t>(1, kBlock / channels);
  for (std::int64_t row = begin; row < end; row += step) {
    const std::int64_t rows = std::min(step, end - row);
    std::int64_t c = 0;
    for (; c + kLanes <= channels; c += kLanes) {
      summand.template Add<kLanes>(row * channels + c, rows, channels, mean + c, sums + c,
                                   sums + channels + c);
    }
    for (; c < channels; ++c) {
      summand.template Add<1>(row * channels + c, rows, channels, mean + c, sums + c, sums + channels + c);
    }
  }
}

// Sums of one channel of contiguous data.
template <typename Summand>
[[gnu::always_inline]] inline void SumPlanes(const Summand& summand, const Shape& shape, std::int64_t channel,
                                             double mean, double* sums) {
  double means[kLanes], first[kLanes] = {}, second[kLanes] = {};
  std::fill_n(means, kLanes, mean);
  const std::int64_t rows = shape.inner / kLanes, rest = shape.inner % kLanes;
  for (std::int64_t n = 0; n < shape.outer; ++n) {
    const std::int64_t at = (n * shape.channels + channel) * shape.inner;
    summand.template Add<kLanes>(at, rows, kLanes, means, first, second);
    summand.template Add<1>(at + rows * kLanes, rest, 1, means, first, second);
  }
  for (std::int64_t lane = 0; lane < kLanes; ++lane) {
    sums[channel] += first[lane];
    sums[shape.channels + channel] += second[lane];
  }
}

// y = (x - mean) scale + bias, and dx = a dy + b (x - mean) + c, for one channel each step.
template <typename T>
struct Affine {
  using C = Compute<T>;
  const T* x;
  const C *mean, *scale, *bias;
  T* y;

  [[gnu::always_inline]] void Do(std::int64_t at, std::int64_t c) const {
    y[at] = static_cast<T>((static_cast<C>(x[at]) - mean[c]) * scale[c] + bias[c]);
  }
};

template <typename T>
struct GradientAffine {
  using C = Compute<T>;
  const T *dy, *x;
  const C *mean, *a, *b, *c;
  T* dx;

  [[gnu::always_inline]] void Do(std::int64_t at, std::int64_t k) const {
    dx[at] =
        static_cast<T>(a[k] * static_cast<C>(dy[at]) + (b[k] * (static_cast<C>(x[at]) - mean[k]) + c[k]));
  }
};

template <typename Map>
[[gnu::always_inline]] inline void MapRows(const Map& map, const Shape& shape, std::int64_t begin,
                                           std::int64_t end) {
  for (std::int64_t row = begin; row < end; ++row) {
    for (std::int64_t c = 0; c < shape.channels; ++c) map.Do(row * shape.channels + c, c);
  }
}

template <typename Map>
[[gnu::always_inline]] inline void MapPlanes(const Map& map, const Shape& shape, std::int64_t begin,
                                             std::int64_t end) {
  for (std::int64_t plane = begin; plane < end; ++plane) {
    const std::int64_t channel = plane % shape.channels;
    for (std::int64_t i = 0; i < shape.inner; ++i) map.Do(plane * shape.inner + i, channel);
  }
}

// One body, compiled for three instruction sets.
template <typename Body>
[[gnu::target("avx512f,avx512vl,avx512bw,avx512dq,fma,prefer-vector-width=512")]] void WithAvx512(
    const Body& body, std::int64_t begin, std::int64_t end) {
  body(begin, end);
}
template <typename Body>
[[gnu::target("avx2,fma")]] void WithAvx2(const Body& body, std::int64_t begin, std::int64_t end) {
  body(begin, end);
}

template <typename Body>
void Parallel(std::int64_t count, std::int64_t grain, const Body& body) {
  static const std::string isa = at::get_cpu_capability();
  at::parallel_for(0, count, grain, [&](std::int64_t begin, std::int64_t end) {
    if (isa == "AVX512") return WithAvx512(body, begin, end);
    if (isa == "AVX2") return WithAvx2(body, begin, end);
    body(begin, end);
  });
}

template <typename Summand>
at::Tensor Sum(const Summand& summand, const Shape& shape, const double* mean) {
  const std::int64_t elements = shape.outer * shape.channels * shape.inner;
  if (shape.inner > 1) {
    at::Tensor sums = at::zeros({2, shape.channels}, at::kDouble);
    double* out = sums.mutable_data_ptr<double>();
    const std::int64_t grain = std::max<std::int64_t>(1, kBlock * shape.channels / elements);
    Parallel(
        shape.channels, grain, [=](std::int64_t begin, std::int64_t end) __attribute__((always_inline)) {
          for (std::int64_t c = begin; c < end; ++c) SumPlanes(summand, shape, c, mean[c], out);
        });
    return sums;
  }
  const std::int64_t parts = std::clamp<std::int64_t>(elements / (2 * kBlock), 1, kMaxParts);
  at::Tensor partial = at::zeros({parts, 2, shape.channels}, at::kDouble);
  double* out = partial.mutable_data_ptr<double>();
  Parallel(
      parts, 1, [=](std::int64_t begin, std::int64_t end) __attribute__((always_inline)) {
        for (std::int64_t part = begin; part < end; ++part) {
          SumRows(summand, shape, shape.outer * part / parts, shape.outer * (part + 1) / parts, mean,
                  out + part * 2 * shape.channels);
        }
      });
  return partial.sum(0);
}

template <typename Map>
void Run(const Map& map, const Shape& shape) {
  const bool rows = shape.inner == 1;
  const std::int64_t count = rows ? shape.outer : shape.outer * shape.channels;
  const std::int64_t grain = std::max<std::int64_t>(1, 2 * kBlock / (rows ? shape.channels : shape.inner));
  Parallel(
      count, grain, [=](std::int64_t begin, std::int64_t end) __attribute__((always_inline)) {
        rows ? MapRows(map, shape, begin, end) : MapPlanes(map, shape, begin, end);
      });
}

}  // namespace

at::Tensor Sums(const at::Tensor& x) {
  const at::Tensor no_mean = at::zeros({x.size(1)}, at::kDouble);
  at::Tensor sums;
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "batch norm", [&] {
    sums = Sum(Moments<scalar_t>{x.const_data_ptr<scalar_t>()}, ShapeOf(x), no_mean.const_data_ptr<double>());
  });
  return sums;
}

at::Tensor Apply(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& scale,
                 const at::Tensor& bias) {
  at::Tensor y = at::empty_like(x);
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "batch norm", [&] {
    using C = Compute<scalar_t>;
    const at::Tensor channel = at::stack({mean, scale, bias}).to(c10::CppTypeToScalarType<C>::value);
    const C* p = channel.const_data_ptr<C>();
    const std::int64_t n = x.size(1);
    Run(Affine<scalar_t>{x.const_data_ptr<scalar_t>(), p, p + n, p + 2 * n, y.mutable_data_ptr<scalar_t>()},
        ShapeOf(x));
  });
  return y;
}

at::Tensor GradientSums(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean) {
  const at::Tensor wide = mean.contiguous();
  at::Tensor sums;
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "batch norm", [&] {
    sums = Sum(GradientMoments<scalar_t>{dy.const_data_ptr<scalar_t>(), x.const_data_ptr<scalar_t>()},
               ShapeOf(x), wide.const_data_ptr<double>());
  });
  return sums;
}

at::Tensor GradientApply(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean,
                         const at::Tensor& a, const at::Tensor& b, const at::Tensor& c) {
  at::Tensor dx = at::empty_like(x);
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "batch norm", [&] {
    using C = Compute<scalar_t>;
    const at::Tensor channel = at::stack({mean, a, b, c}).to(c10::CppTypeToScalarType<C>::value);
    const C* p = channel.const_data_ptr<C>();
    const std::int64_t n = x.size(1);
    Run(GradientAffine<scalar_t>{dy.const_data_ptr<scalar_t>(), x.const_data_ptr<scalar_t>(), p, p + n,
                                 p + 2 * n, p + 3 * n, dx.mutable_data_ptr<scalar_t>()},
        ShapeOf(x));
  });
  return dx;
}

}  // namespace simclr::engine::cpu
