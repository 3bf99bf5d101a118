#include "engine/optim/optimizer.h"

#include <gtest/gtest.h>

#include "engine/optim/momentum_optimizers.h"

namespace simclr::engine {
namespace {

at::Tensor Random(at::IntArrayRef shape, std::uint64_t seed) {
  return at::randn(shape, at::detail::createCPUGenerator(seed), at::TensorOptions().dtype(at::kDouble));
}

NamedTensors Parameters() {
  return {{"conv.weight", Random({4, 3, 2, 2}, 1).requires_grad_()},
          {"bn.weight", Random({4}, 2).requires_grad_()}};
}

void SetGradients(const NamedTensors& parameters, double scale, std::uint64_t seed = 3) {
  for (const NamedTensor& parameter : parameters) {
    parameter.tensor.mutable_grad() = Random(parameter.tensor.sizes(), seed++) * scale;
  }
}

double LargestDifference(const at::Tensor& x, const at::Tensor& y) {
  return (x - y).abs().max().item<double>();
}

// The weights after two steps with gradients times `scale`.
NamedTensors Train(const OptimizerConfig& config, double scale) {
  const NamedTensors parameters = Parameters();
  const std::unique_ptr<Optimizer> optimizer = MakeOptimizer(config, parameters);
  for (const double lr : {0.1, 0.2}) {
    SetGradients(parameters, scale);
    optimizer->Step(lr);
  }
  return parameters;
}

TEST(Lars, StepDoesNotDependOnTheGradientsLength) {
  const OptimizerConfig config{.weight_decay = 0};
  const NamedTensors once = Train(config, 1), thrice = Train(config, 3);
  EXPECT_LT(LargestDifference(once[0].tensor, thrice[0].tensor), 1e-15);
  EXPECT_GT(LargestDifference(once[0].tensor, Parameters()[0].tensor), 1e-6)
      << "without weight decay it still adapts";
  EXPECT_GT(LargestDifference(once[1].tensor, thrice[1].tensor), 0.01)
      << "an excluded parameter is not adapted";
}

TEST(Lars, ExcludedParametersFollowPlainMomentumWithoutDecay) {
  const NamedTensors parameters = Parameters();
  const at::Tensor start = parameters[1].tensor.detach().clone();
  SetGradients(parameters, 1);
  const at::Tensor gradient = parameters[1].tensor.grad().clone();
  MakeOptimizer({.weight_decay = 0.1}, parameters)->Step(0.5);
  EXPECT_LT(LargestDifference(parameters[1].tensor.detach(), start - 0.5 * gradient), 1e-15);
}

TEST(Lars, ZeroWeightsAndZeroGradientsHaveTrustOneAndNoNan) {
  const NamedTensors parameters = {{"zero", at::zeros({2, 2}, at::kDouble).requires_grad_()},
                                   {"quiet", at::ones({2, 2}, at::kDouble).requires_grad_()}};
  parameters[0].tensor.mutable_grad() = at::ones({2, 2}, at::kDouble);
  parameters[1].tensor.mutable_grad() = at::zeros({2, 2}, at::kDouble);
  Lars lars({}, parameters);
  lars.Step(0.1);
  EXPECT_EQ(lars.trust_ratios().at("zero").item<double>(), 1);
  EXPECT_EQ(lars.trust_ratios().at("quiet").item<double>(), 1);
  EXPECT_NEAR(parameters[0].tensor[0][0].item<double>(), -0.1, 1e-15);
  EXPECT_EQ(parameters[1].tensor[0][0].item<double>(), 1);
}

class BothKinds : public testing::TestWithParam<OptimizerKind> {};
INSTANTIATE_TEST_SUITE_P(All, BothKinds, testing::Values(OptimizerKind::kLars, OptimizerKind::kSgd));

TEST_P(BothKinds, ContinuesExactlyFromItsState) {
  const OptimizerConfig config{.kind = GetParam(), .weight_decay = 1e-4};
  const NamedTensors straight = Train(config, 1);

  const NamedTensors parameters = Parameters();
  const std::unique_ptr<Optimizer> before = MakeOptimizer(config, parameters);
  SetGradients(parameters, 1);
  before->Step(0.1);
  const std::unique_ptr<Optimizer> after = MakeOptimizer(config, parameters);
  const NamedTensors from = before->State(), to = after->State();
  for (std::size_t i = 0; i < from.size(); ++i) {
    EXPECT_EQ(from[i].name, "momentum." + parameters[i].name);
    to[i].tensor.copy_(from[i].tensor);
  }
  SetGradients(parameters, 1);
  after->Step(0.2);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_TRUE(at::equal(parameters[i].tensor, straight[i].tensor)) << parameters[i].name;
  }
}

TEST_P(BothKinds, LeavesGradientsAndMemoryFormatAlone) {
  const NamedTensors parameters = {
      {"w", Random({4, 3, 2, 2}, 1).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_()}};
  SetGradients(parameters, 1);
  const at::Tensor gradient = parameters[0].tensor.grad().clone();
  const std::unique_ptr<Optimizer> optimizer = MakeOptimizer({.kind = GetParam()}, parameters);
  optimizer->Step(0.1);
  EXPECT_TRUE(at::equal(parameters[0].tensor.grad(), gradient));
  EXPECT_TRUE(parameters[0].tensor.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(optimizer->State()[0].tensor.is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST_P(BothKinds, NamesAParameterWithoutGradient) {
  const NamedTensors parameters = Parameters();
  const std::unique_ptr<Optimizer> optimizer = MakeOptimizer({.kind = GetParam()}, parameters);
  try {
    optimizer->Step(0.1);
    ADD_FAILURE() << "it stepped";
  } catch (const c10::Error& error) {
    EXPECT_NE(std::string(error.what()).find("conv.weight has no gradient"), std::string::npos);
  }
}

}  // namespace
}  // namespace simclr::engine
