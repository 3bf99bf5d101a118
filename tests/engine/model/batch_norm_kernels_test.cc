#include "engine/model/batch_norm_kernels.h"

#include <string>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"

namespace simclr::engine {
namespace {

// Shapes with whole and broken groups of lanes, in both layouts, and a matrix.
struct Data {
  std::vector<std::int64_t> shape;
  at::MemoryFormat format;
  at::ScalarType type;
};

class BatchNormKernels : public ::testing::TestWithParam<std::tuple<int, at::ScalarType>> {
 protected:
  static Data Get() {
    const auto last = at::MemoryFormat::ChannelsLast, first = at::MemoryFormat::Contiguous;
    const std::vector<Data> all = {{{6, 16, 5, 7}, last, {}},  {{6, 16, 5, 7}, first, {}},
                                   {{3, 37, 4, 4}, last, {}},  {{3, 37, 4, 4}, first, {}},
                                   {{2, 3, 64, 65}, last, {}}, {{2, 3, 64, 65}, first, {}},
                                   {{300, 129}, first, {}},    {{5, 8, 1, 1}, last, {}}};
    Data data = all[std::get<0>(GetParam())];
    data.type = std::get<1>(GetParam());
    return data;
  }

  static at::Tensor Numbers(const Data& data, double phase) {
    std::int64_t elements = 1;
    for (const std::int64_t size : data.shape) elements *= size;
    const at::Tensor numbers = at::arange(elements, at::kDouble).mul(0.37).add(phase).sin().view(data.shape);
    return DenseForBatchNorm(numbers.to(data.type), data.format);
  }

  static at::Tensor Channel(const at::Tensor& x, double phase) {
    return at::arange(x.size(1), at::kDouble).add(phase).cos();
  }

  // (C) -> (1, C, 1, 1)
  static at::Tensor Wide(const at::Tensor& channel, const at::Tensor& x) {
    std::vector<std::int64_t> shape(x.dim(), 1);
    shape[1] = -1;
    return channel.view(shape);
  }

  static at::Tensor SumOverAllButChannels(const at::Tensor& x) { return x.transpose(0, 1).flatten(1).sum(1); }

  static double Tolerance(at::ScalarType type) {
    return type == at::kDouble ? 1e-12 : type == at::kFloat ? 1e-5 : 2e-2;
  }

  static void ExpectNear(const at::Tensor& actual, const at::Tensor& expected, double tolerance) {
    const double error = (actual.to(at::kDouble) - expected).abs().max().item<double>();
    EXPECT_LE(error, tolerance * (1 + expected.abs().max().item<double>()));
  }
};

INSTANTIATE_TEST_SUITE_P(Data, BatchNormKernels,
                         ::testing::Combine(::testing::Range(0, 8),
                                            ::testing::Values(at::kDouble, at::kFloat, at::kBFloat16)));

TEST_P(BatchNormKernels, SumInDoubleWhateverTheType) {
  const at::Tensor x = Numbers(Get(), 0.1), wide = x.to(at::kDouble);
  const at::Tensor sums = BatchNormSums(x);
  ExpectNear(sums[0], SumOverAllButChannels(wide), 1e-12);
  ExpectNear(sums[1], SumOverAllButChannels(wide.square()), 1e-12);
}

TEST_P(BatchNormKernels, NormaliseEveryElement) {
  const Data data = Get();
  const at::Tensor x = Numbers(data, 0.1);
  const at::Tensor mean = Channel(x, 0), invstd = Channel(x, 1).abs() + 1, weight = Channel(x, 2),
                   bias = Channel(x, 3);
  const at::Tensor y = BatchNormApply(x, mean, invstd, weight, bias);
  EXPECT_EQ(y.scalar_type(), data.type);
  EXPECT_EQ(y.strides(), x.strides());
  ExpectNear(y, (x.to(at::kDouble) - Wide(mean, x)) * Wide(invstd * weight, x) + Wide(bias, x),
             Tolerance(data.type));
}

TEST_P(BatchNormKernels, SumGradients) {
  const at::Tensor x = Numbers(Get(), 0.1), dy = Numbers(Get(), 0.7);
  const at::Tensor mean = Channel(x, 0), invstd = Channel(x, 1).abs() + 1;
  const at::Tensor normal = (x.to(at::kDouble) - Wide(mean, x)) * Wide(invstd, x);
  const at::Tensor sums = BatchNormGradientSums(dy, x, mean, invstd);
  ExpectNear(sums[0], SumOverAllButChannels(dy.to(at::kDouble)), 1e-12);
  ExpectNear(sums[1], SumOverAllButChannels(dy.to(at::kDouble) * normal), 1e-12);
}

TEST_P(BatchNormKernels, GiveTheGradientOfEveryElement) {
  const Data data = Get();
  const at::Tensor x = Numbers(data, 0.1), dy = Numbers(data, 0.7);
  const at::Tensor mean = Channel(x, 0), invstd = Channel(x, 1).abs() + 1, weight = Channel(x, 2);
  const at::Tensor sums = at::stack({Channel(x, 3), Channel(x, 4)}) * 10;
  const at::Tensor count = at::full({}, 40.0, at::kDouble);
  const at::Tensor dx = BatchNormGradientApply(dy, x, mean, invstd, weight, sums, count);
  const at::Tensor normal = (x.to(at::kDouble) - Wide(mean, x)) * Wide(invstd, x);
  ExpectNear(dx,
             Wide(weight * invstd, x) *
                 (dy.to(at::kDouble) - Wide(sums[0] / count, x) - normal * Wide(sums[1] / count, x)),
             Tolerance(data.type));
}

TEST(BatchNormKernelsOfNothing, GiveZeroSumsAndNoElements) {
  const at::Tensor x = at::empty({0, 5, 4, 3});
  const at::Tensor channel = at::ones({5}, at::kDouble);
  EXPECT_TRUE(at::equal(BatchNormSums(x), at::zeros({2, 5}, at::kDouble)));
  EXPECT_TRUE(at::equal(BatchNormGradientSums(x, x, channel, channel), at::zeros({2, 5}, at::kDouble)));
  EXPECT_EQ(BatchNormApply(x, channel, channel, channel, channel).sizes(), x.sizes());
}

}  // namespace
}  // namespace simclr::engine
