#include "tests/engine/augment/draw_statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/augment/view_parameters.h"

namespace simclr::engine {
namespace {

constexpr std::uint64_t kSeed = 20020570;

// Lehmer code: every permutation of four gets its own number below 24.
int PermutationNumber(const std::array<JitterOp, 4>& order) {
  int number = 0;
  for (int i = 0; i < 4; ++i) {
    int smaller = 0;
    for (int j = i + 1; j < 4; ++j) smaller += order[j] < order[i];
    number = number * (4 - i) + smaller;
  }
  return number;
}

}  // namespace

Samples CropSamples(const AugmentConfig& config, int height, int width, int count) {
  Samples samples;
  for (int i = 0; i < count; ++i) {
    KeyedRandom random({.seed = kSeed, .index = static_cast<std::uint64_t>(i)});
    const CropDraw draw = DrawCrop(config, height, width, random);
    const double area = static_cast<double>(draw.box.height) * draw.box.width / (height * width);
    samples["area"].push_back(area);
    samples["log_aspect"].push_back(std::log(static_cast<double>(draw.box.width) / draw.box.height));
    samples["below_a_quarter"].push_back(area < 0.25);
    samples["below_a_tenth"].push_back(area < 0.1);
    samples["fallback"].push_back(draw.tries == 0);
    samples["first_try_accepted"].push_back(draw.tries == 1);
    if (draw.box.width < width) {
      samples["left_position"].push_back(static_cast<double>(draw.box.left) / (width - draw.box.width));
    }
  }
  return samples;
}

Samples ParameterSamples(const AugmentConfig& config, int view, int count) {
  Samples samples;
  for (int i = 0; i < count; ++i) {
    const RandomKey key{
        .seed = kSeed, .index = static_cast<std::uint64_t>(i), .view = static_cast<std::uint32_t>(view)};
    const ViewParameters drawn = DrawViewParameters(config, 32, 32, key);
    samples["jitter"].push_back(drawn.jitter);
    samples["gray"].push_back(drawn.gray);
    samples["flip"].push_back(drawn.flip);
    samples["blur"].push_back(drawn.blur);
    samples["blur_sigma"].push_back(drawn.sigma);
    samples["order"].push_back(PermutationNumber(drawn.jitter_order));
    samples["brightness"].push_back(drawn.jitter_factors[0]);
    samples["contrast"].push_back(drawn.jitter_factors[1]);
    samples["saturation"].push_back(drawn.jitter_factors[2]);
    samples["hue"].push_back(drawn.jitter_factors[3]);
  }
  return samples;
}

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / values.size();
}

double Correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const double mean_a = Mean(a), mean_b = Mean(b);
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

double ChiSquare(const std::vector<double>& values, int categories) {
  std::vector<double> counts(categories);
  for (double value : values) ++counts[static_cast<int>(value)];
  const double expected = static_cast<double>(values.size()) / categories;
  double sum = 0;
  for (double count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

double KolmogorovSmirnov(std::vector<double> values, double low, double high) {
  std::sort(values.begin(), values.end());
  double largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double expected = (values[i] - low) / (high - low);
    largest = std::max({largest, std::abs(static_cast<double>(i) / values.size() - expected),
                        std::abs(static_cast<double>(i + 1) / values.size() - expected)});
  }
  return largest;
}

}  // namespace simclr::engine
