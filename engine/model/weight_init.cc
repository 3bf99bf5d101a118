#include "engine/model/weight_init.h"

#include <cmath>

#include "absl/strings/string_view.h"
#include "engine/base/random_key.h"

namespace simclr::engine {
namespace {

std::uint64_t Fnv1a64(absl::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001B3ULL;
  return hash;
}

double Deviation(at::IntArrayRef shape, Fan fan) {
  std::int64_t size = shape.at(fan == Fan::kIn ? 1 : 0);
  for (const std::int64_t kernel : shape.slice(2)) size *= kernel;
  return std::sqrt(2.0 / static_cast<double>(size));
}

}  // namespace

WeightSource HeNormal(std::uint64_t seed) {
  return [seed](const std::string& name, at::IntArrayRef shape, Fan fan) {
    at::Tensor weight = at::empty(shape);
    const double deviation = Deviation(shape, fan);
    const std::int64_t rows = weight.size(0), length = weight.numel() / rows;
    float* out = weight.mutable_data_ptr<float>();
    const std::uint64_t index = Fnv1a64(name) >> 16;  // keys have 48 bits
    for (std::int64_t row = 0; row < rows; ++row) {
      KeyedRandom random({seed, Stream::kInit, static_cast<std::uint32_t>(row), index});
      for (std::int64_t k = 0; k < length; ++k) *out++ = static_cast<float>(deviation * random.Normal());
    }
    return weight;
  };
}

}  // namespace simclr::engine
