#include "engine/distributed/gradient_averager.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/ranks.h"

namespace simclr::engine {
namespace {

using ::simclr::testing::ExpectAllPassed;
using ::simclr::testing::RankContext;
using ::simclr::testing::RunRanks;

constexpr int kLayers = 6;
constexpr int kWidth = 16;
const GradientAveragerOptions kSmallBuckets = {.bucket_bytes = 2 * kWidth * kWidth * 8,
                                               .first_bucket_bytes = kWidth * kWidth * 8};

NamedTensors MakeParameters() {
  NamedTensors parameters;
  for (int i = 0; i < kLayers; ++i) {
    const at::Tensor numbers = at::arange(kWidth * kWidth, at::kDouble).add(100 * i).sin();
    parameters.push_back(
        {"layer" + std::to_string(i), numbers.view({kWidth, kWidth}).mul(0.3).requires_grad_(true)});
  }
  return parameters;
}

at::Tensor MeanLoss(const NamedTensors& parameters, at::Tensor x) {
  for (const NamedTensor& layer : parameters) x = at::tanh(at::mm(x, layer.tensor));
  return (x * x).mean();
}

at::Tensor GlobalBatch(int world_size) {
  return at::arange(world_size * 4 * kWidth, at::kDouble).cos().view({world_size * 4, kWidth});
}

class GradientAveragerOfSize : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, GradientAveragerOfSize, ::testing::Values(1, 2, 3, 4));

TEST_P(GradientAveragerOfSize, GivesTheGradientOfTheGlobalMean) {
  ExpectAllPassed(RunRanks(GetParam(), [](RankContext& context) {
    const auto group = context.Group("gradients");
    const at::Tensor batch = GlobalBatch(context.world_size());
    const NamedTensors expected = MakeParameters();
    MeanLoss(expected, batch).backward();

    const NamedTensors parameters = MakeParameters();
    GradientAverager averager(parameters, *group, kSmallBuckets);
    for (int step = 0; step < 3; ++step) {  // buckets are used again
      averager.Begin();
      MeanLoss(parameters, batch.narrow(0, context.rank() * 4, 4)).backward();
      averager.Finish();
      for (int i = 0; i < kLayers; ++i) {
        EXPECT_TRUE(at::allclose(parameters[i].tensor.grad(), expected[i].tensor.grad(), 1e-10, 1e-14));
      }
    }
  }));
}

TEST(GradientAverager, StartsTheFirstReductionBeforeTheLastHook) {
  ExpectAllPassed(RunRanks(2, [](RankContext& context) {
    const auto group = context.Group("gradients");
    const NamedTensors parameters = MakeParameters();
    GradientAverager averager(parameters, *group, kSmallBuckets);
    averager.Begin();
    MeanLoss(parameters, GlobalBatch(1)).backward();
    averager.Finish();
    const auto& trace = averager.trace();
    ASSERT_EQ(trace.launched_at.size(), 4);  // one layer, then 2 + 2 + 1
    EXPECT_LT(trace.launched_at.front(), trace.last_hook_at);
    EXPECT_GT(trace.launched_at.back(), trace.last_hook_at);
  }));
}

// Rank 0 does not use layer 0, rank 1 not the last one: hooks come in another order, the reductions must not.
TEST(GradientAverager, CountsAnUnusedParameterAsZero) {
  ExpectAllPassed(RunRanks(2, [](RankContext& context) {
    const auto group = context.Group("gradients");
    const NamedTensors parameters = MakeParameters();
    GradientAverager averager(parameters, *group, kSmallBuckets);
    averager.Begin();
    parameters[context.rank() == 0 ? kLayers - 1 : 0].tensor.sum().backward();
    averager.Finish();
    const at::Tensor half = at::full({kWidth, kWidth}, 0.5, at::kDouble);
    EXPECT_TRUE(at::equal(parameters[0].tensor.grad(), half));
    EXPECT_TRUE(at::equal(parameters[kLayers - 1].tensor.grad(), half));
    EXPECT_TRUE(at::equal(parameters[2].tensor.grad(), at::zeros_like(half)));
  }));
}

TEST(GradientAverager, KeepsGradientsInItsBucketsAndInTheLayoutOfTheParameter) {
  const auto group = MakeLocalCollective();
  const at::Tensor weight =
      at::ones({4, 3, 2, 2}).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_(true);
  GradientAverager averager({{"conv1.weight", weight}}, *group);
  const void* storage = weight.grad().data_ptr();
  for (int step = 0; step < 2; ++step) {
    averager.Begin();
    (weight * 3).sum().backward();
    averager.Finish();
    EXPECT_EQ(weight.grad().data_ptr(), storage);
    EXPECT_EQ(weight.grad().strides(), weight.strides());
    EXPECT_TRUE(at::equal(weight.grad(), at::full_like(weight, 3)));
  }
}

}  // namespace
}  // namespace simclr::engine
