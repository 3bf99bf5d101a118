#include "engine/model/norm.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"

namespace simclr::engine {
namespace {

using ::testing::ElementsAre;

constexpr double kEps = 1e-5;

at::Tensor Images() {
  return at::arange(4 * 6 * 5 * 5, at::kFloat).sin().view({4, 6, 5, 5});
}

std::vector<std::string> Names(const Norm& norm) {
  ModuleState state;
  norm.AppendState("bn1.", state);
  std::vector<std::string> names;
  for (const StateEntry& entry : state) names.push_back(entry.name);
  return names;
}

class BatchNorms : public ::testing::TestWithParam<NormKind> {};
INSTANTIATE_TEST_SUITE_P(Kinds, BatchNorms, ::testing::Values(NormKind::kGlobalBn, NormKind::kLocalBn));

TEST_P(BatchNorms, EqualLibTorchsOnOneRank) {
  const auto alone = MakeLocalCollective();
  const auto norm = MakeNorm(GetParam(), {.channels = 6, .scale = 2}, *alone);
  const at::Tensor x = Images();
  const at::Tensor scale = at::full({6}, 2.0F), offset = at::zeros({6});
  at::Tensor mean = at::zeros({6}), variance = at::ones({6});
  const at::Tensor expected = at::batch_norm(x, scale, offset, mean, variance, true, 0.1, kEps, false);
  EXPECT_TRUE(at::allclose(norm->Forward(x, true), expected, 1e-5, 1e-5));
  const at::Tensor evaluated = at::batch_norm(x, scale, offset, mean, variance, false, 0.1, kEps, false);
  EXPECT_TRUE(at::allclose(norm->Forward(x, false), evaluated, 1e-5, 1e-5));
}

TEST_P(BatchNorms, CountTrainingBatchesAlone) {
  const auto alone = MakeLocalCollective();
  const auto norm = MakeNorm(GetParam(), {.channels = 6}, *alone);
  norm->Forward(Images(), true);
  norm->Forward(Images(), false);
  ModuleState state;
  norm->AppendState("", state);
  EXPECT_EQ(state.back().name, "num_batches_tracked");
  EXPECT_EQ(state.back().tensor.item<std::int64_t>(), 1);
}

TEST_P(BatchNorms, HaveTorchvisionsTensors) {
  const auto alone = MakeLocalCollective();
  EXPECT_THAT(Names(*MakeNorm(GetParam(), {.channels = 6}, *alone)),
              ElementsAre("bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var",
                          "bn1.num_batches_tracked"));
}

TEST(LayerNorm, TreatsASampleAsOneGroupInTrainingAndEvaluation) {
  const auto alone = MakeLocalCollective();
  const auto norm = MakeNorm(NormKind::kLayerNorm, {.channels = 6}, *alone);
  const at::Tensor x = Images() * 3 + 5, y = norm->Forward(x, true);
  EXPECT_TRUE(at::allclose(y.flatten(1).mean(1), at::zeros({4}), 0, 1e-5));
  EXPECT_TRUE(at::equal(norm->Forward(x, false), y));
  EXPECT_TRUE(at::allclose(norm->Forward(x.narrow(0, 1, 1), true), y.narrow(0, 1, 1), 1e-5, 1e-6));
  EXPECT_THAT(Names(*norm), ElementsAre("bn1.weight", "bn1.bias"));
}

TEST(Norm, OfKindNoneIsNothing) {
  const auto alone = MakeLocalCollective();
  EXPECT_EQ(MakeNorm(NormKind::kNone, {.channels = 6}, *alone), nullptr);
}

}  // namespace
}  // namespace simclr::engine
