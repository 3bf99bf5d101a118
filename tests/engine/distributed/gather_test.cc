#include "engine/distributed/gather.h"

#include "gtest/gtest.h"
#include "tests/support/ranks.h"

namespace simclr::engine {
namespace {

using ::simclr::testing::ExpectAllPassed;
using ::simclr::testing::RankContext;
using ::simclr::testing::RunRanks;

class GatherOfSize : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, GatherOfSize, ::testing::Values(1, 2, 3, 4));

// Rank r's loss is sum over all rows of (r + 1) * row^2 * weight, so its gradient to any row differs from
// those of the other ranks, and only their sum, cut to the own rows, is right.
TEST_P(GatherOfSize, SumsTheGradientsOfAllRanksForTheOwnRows) {
  ExpectAllPassed(RunRanks(GetParam(), [](RankContext& context) {
    const auto group = context.Group("gradients");
    const int size = context.world_size();
    at::Tensor whole = at::arange(size * 6, at::kDouble).view({size * 2, 3}).sin();
    at::Tensor weight = at::arange(size * 6, at::kDouble).view({size * 2, 3}).cos();
    at::Tensor own = whole.narrow(0, context.rank() * 2, 2).clone().requires_grad_(true);

    const at::Tensor all = GatherWithGrad(own, *group);
    EXPECT_TRUE(at::equal(all.detach(), whole));
    (all * all * weight * (context.rank() + 1)).sum().backward();

    const double factor = size * (size + 1) / 2.0;
    const at::Tensor expected = (2 * whole * weight * factor).narrow(0, context.rank() * 2, 2);
    EXPECT_TRUE(at::allclose(own.grad(), expected, 1e-12, 1e-14));
  }));
}

TEST(Gather, LeavesASharedGradientAsItWas) {
  ExpectAllPassed(RunRanks(2, [](RankContext& context) {
    const auto group = context.Group("gradients");
    at::Tensor own = at::ones({1, 2}, at::kDouble).requires_grad_(true);
    const at::Tensor all = GatherWithGrad(own, *group);
    const at::Tensor twice = all + all;  // one gradient tensor, handed on twice
    at::Tensor gradient = at::ones({2, 2}, at::kDouble);
    twice.backward(gradient);
    EXPECT_TRUE(at::equal(gradient, at::ones({2, 2}, at::kDouble)));
    EXPECT_TRUE(at::equal(own.grad(), at::full({1, 2}, 4.0, at::kDouble)));
  }));
}

}  // namespace
}  // namespace simclr::engine
