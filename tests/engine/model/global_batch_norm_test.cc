#include "engine/model/global_batch_norm.h"

#include <string>
#include <vector>

#include "engine/model/batch_norm_kernels.h"
#include "engine/model/norm.h"
#include "gtest/gtest.h"
#include "tests/support/oracle.h"
#include "tests/support/ranks.h"

namespace simclr::engine {
namespace {

using ::simclr::testing::ExpectAllPassed;
using ::simclr::testing::RankContext;
using ::simclr::testing::RunRanks;

constexpr double kEps = 1e-5;

struct Outcome {
  at::Tensor y, dx, dgamma, dbeta;
  RunningStatistics running;
};

// The oracle's batch norm over rows [first, first + count) of the whole batch.
Outcome Run(const oracle::Case& c, std::int64_t first, std::int64_t count, Collective& group) {
  Outcome out;
  out.running = {c.Input("running_mean"), c.Input("running_var")};
  at::Tensor x = c.Input("x").narrow(0, first, count).clone().requires_grad_(true);
  at::Tensor gamma = c.Input("gamma").requires_grad_(true), beta = c.Input("beta").requires_grad_(true);
  const at::Tensor y = GlobalBatchNorm(x, gamma, beta, out.running, kEps, group);
  y.backward(c.Input("dy").narrow(0, first, count));
  out.y = y.detach();
  out.dx = x.grad();
  out.dgamma = gamma.grad();
  out.dbeta = beta.grad();
  return out;
}

// Mean and biased variance from what a rank contributes to the all-reduce.
std::pair<at::Tensor, at::Tensor> OwnMoments(const at::Tensor& x) {
  const double count = static_cast<double>(x.numel() / x.size(1));
  const at::Tensor sums = BatchNormSums(x) / count;
  return {sums[0], sums[1] - sums[0].square()};
}

void CheckWholeBatch(oracle::Case& c) {
  const auto alone = MakeLocalCollective();
  const at::Tensor x = c.Input("x");
  const Outcome out = Run(c, 0, x.size(0), *alone);
  c.Check("y", out.y);
  c.Check("dx", out.dx);
  c.Check("dgamma", out.dgamma);
  c.Check("dbeta", out.dbeta);
  c.Check("running_mean", out.running.mean);
  c.Check("running_var", out.running.variance);
  const auto [mean, variance] = OwnMoments(x);
  c.Check("mean", mean);
  c.Check("var", variance);
  c.Check("eval_y", at::batch_norm(x, c.Input("gamma"), c.Input("beta"), c.Input("running_mean"),
                                   c.Input("running_var"), false, 0.1, kEps, false));
}

void CheckWorkedExample(oracle::Case& c) {
  const auto alone = MakeLocalCollective();
  const at::Tensor x = c.Input("x");
  const auto [mean, variance] = OwnMoments(x);
  c.Check("mean", mean.item<double>());
  c.Check("var", variance.item<double>());
  const at::Tensor one = at::ones({1}, x.options());
  RunningStatistics running = {one.clone(), one.clone(), /*momentum=*/1};
  GlobalBatchNorm(x, one, one, running, kEps, *alone);
  c.Check("unbiased_var", running.variance.item<double>());
  c.Skip("average_of_means", "the usual mistake, not a target");
}

// Per-element scales, too, are laid over a norm that has none of its own.
void CheckLayerNorm(oracle::Case& c) {
  const auto alone = MakeLocalCollective();
  at::Tensor x = c.Input("x").requires_grad_(true);
  at::Tensor gamma = c.Input("gamma").requires_grad_(true), beta = c.Input("beta").requires_grad_(true);
  const auto norm = MakeNorm(NormKind::kLayerNorm, {.channels = x.size(1)}, *alone);
  ModuleState state;
  norm->AppendState("", state);
  for (StateEntry& entry : state) entry.tensor.set_data(entry.tensor.to(x.scalar_type()));
  const auto wide = [](const at::Tensor& t) { return t.dim() == 1 ? t.view({-1, 1, 1}) : t; };
  const at::Tensor y = norm->Forward(x, true) * wide(gamma) + wide(beta);
  y.backward(c.Input("dy"));
  c.Check("y", y);
  c.Check("dx", x.grad());
  c.Check("dgamma", gamma.grad());
  c.Check("dbeta", beta.grad());
}

TEST(GlobalBatchNormOracle, OneProcessOnTheWholeBatch) {
  oracle::Runner runner("syncbn");
  runner.On("batch_norm/", CheckWholeBatch);
  runner.On("worked_example", CheckWorkedExample);
  runner.On("group_norm_1", CheckLayerNorm);
  runner.On("layer_norm_chw", CheckLayerNorm);
  runner.Exclude("split/", "run as processes below");
  runner.Run();
}

// By the tolerance class of the case (rule "tensor").
void ExpectWithinTolerance(const oracle::Case& c, const at::Tensor& actual, const at::Tensor& expected) {
  if (expected.numel() == 0) return;
  const std::string name = c.json().at("outputs").at("rank0/dbeta").at("tolerance");
  const auto& limit = c.manifest().at("tolerances").at(name).at(c.fp64() ? "fp64" : "fp32");
  const double allowed =
      limit.at("abs").get<double>() + limit.at("rel").get<double>() * expected.abs().max().item<double>();
  EXPECT_LE((actual - expected).abs().max().item<double>(), allowed) << c.id();
}

void CheckOwnShare(oracle::Case& c, const RankContext& context, Collective& group) {
  const std::vector<std::int64_t> sizes = c.settings().at("rank_sizes");
  if (static_cast<int>(sizes.size()) == context.world_size()) {
    std::int64_t first = 0;
    for (int rank = 0; rank < context.rank(); ++rank) first += sizes[rank];
    const std::int64_t count = sizes[context.rank()];
    const Outcome out = Run(c, first, count, group);
    const std::string own = "rank" + std::to_string(context.rank()) + "/";
    c.Check(own + "dgamma", out.dgamma);
    c.Check(own + "dbeta", out.dbeta);
    if (count > 0) {
      const auto [mean, variance] = OwnMoments(c.Input("x").narrow(0, first, count));
      c.Check(own + "mean", mean);
      c.Check(own + "var", variance);
    }
    const auto alone = MakeLocalCollective();
    const Outcome whole = Run(c, 0, c.Input("x").size(0), *alone);
    ExpectWithinTolerance(c, out.y, whole.y.narrow(0, first, count));
    ExpectWithinTolerance(c, out.dx, whole.dx.narrow(0, first, count));
    ExpectWithinTolerance(c, out.running.mean, whole.running.mean);
    ExpectWithinTolerance(c, out.running.variance, whole.running.variance);
  }
  for (const std::string& label : c.OutputLabels()) c.Skip(label, "another rank's, or of another world size");
}

class GlobalBatchNormOracleOfSize : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, GlobalBatchNormOracleOfSize, ::testing::Values(2, 3));

TEST_P(GlobalBatchNormOracleOfSize, EveryRankHasItsShareOfTheWholeBatch) {
  ExpectAllPassed(RunRanks(GetParam(), [](RankContext& context) {
    const auto group = context.Group("norm");
    oracle::Runner runner("syncbn");
    runner.On("split/", [&](oracle::Case& c) { CheckOwnShare(c, context, *group); });
    for (const char* rest : {"batch_norm/", "worked_example", "group_norm_1", "layer_norm_chw"}) {
      runner.Exclude(rest, "one process");
    }
    runner.Run();
  }));
}

TEST(GlobalBatchNorm, TakesTheGradientThroughNonDenseGradients) {
  const auto alone = MakeLocalCollective();
  const at::Tensor one = at::ones({4}, at::kDouble), zero = at::zeros({4}, at::kDouble);
  at::Tensor x = at::arange(4 * 4 * 9, at::kDouble).sin().view({4, 4, 3, 3});
  x = x.contiguous(at::MemoryFormat::ChannelsLast).requires_grad_(true);
  RunningStatistics running = {zero.clone(), one.clone()};
  // The mean's gradient is expanded: strides of 0.
  GlobalBatchNorm(x, one, zero, running, kEps, *alone).square().mean({2, 3}).sum().backward();
  at::Tensor same = x.detach().clone().requires_grad_(true);
  at::batch_norm(same, one, zero, {}, {}, true, 0.1, kEps, false).square().mean({2, 3}).sum().backward();
  EXPECT_TRUE(at::allclose(x.grad(), same.grad(), 1e-9, 1e-12));
}

TEST(GlobalBatchNorm, ReturnsBf16ForBf16) {
  const auto alone = MakeLocalCollective();
  const at::Tensor one = at::ones({4}), zero = at::zeros({4});
  at::Tensor x = at::arange(4 * 4 * 9, at::kFloat).sin().view({4, 4, 3, 3}).to(at::kBFloat16);
  x.requires_grad_(true);
  RunningStatistics running = {zero.clone(), one.clone()};
  const at::Tensor y = GlobalBatchNorm(x, one, zero, running, kEps, *alone);
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  y.square().sum().backward();
  EXPECT_EQ(x.grad().scalar_type(), at::kBFloat16);
  const at::Tensor wide = x.detach().to(at::kFloat);
  const at::Tensor expected = at::batch_norm(wide, one, zero, {}, {}, true, 0.1, kEps, false);
  EXPECT_TRUE(at::allclose(y.detach().to(at::kFloat), expected, 1e-2, 1e-2));
}

}  // namespace
}  // namespace simclr::engine
