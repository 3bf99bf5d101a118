#include "engine/eval/collapse_gauges.h"

#include <cmath>

#include "engine/eval/alignment.h"
#include "engine/eval/effective_rank.h"
#include "engine/eval/normalized_std.h"
#include "engine/eval/pair_similarity.h"
#include "engine/eval/uniformity.h"
#include "engine/eval/unit_rows.h"
#include "gtest/gtest.h"

// Every formula against a case that can be worked out by hand.

namespace simclr::engine {
namespace {

at::Tensor Axes(std::int64_t n) {
  return at::eye(n, at::kDouble);
}

// Both directions of every axis: 2n rows whose mean is zero.
at::Tensor Cross(std::int64_t n) {
  return at::cat({Axes(n), -Axes(n)});
}

at::Tensor OnePoint(std::int64_t rows, std::int64_t columns) {
  return Axes(columns).narrow(0, 0, 1).repeat({rows, 1});
}

at::Tensor Gaussian(std::int64_t rows, std::int64_t columns) {
  const at::Generator generator = at::detail::createCPUGenerator(/*seed=*/3);
  return at::randn({rows, columns}, generator, at::TensorOptions().dtype(at::kDouble));
}

TEST(UnitRows, HaveLengthOneAndLeaveZeroAlone) {
  const at::Tensor rows = UnitRows(at::tensor({3.0, 4.0, 0.0, 0.0}).view({2, 2}).to(at::kFloat));
  EXPECT_TRUE(at::allclose(rows, at::tensor({0.6, 0.8, 0.0, 0.0}, at::kDouble).view({2, 2})));
}

TEST(PairSimilarity, IsOneForThePairsAndZeroForTheRestOfOrthogonalImages) {
  const PairSimilarity similarity = MeasurePairSimilarity(Axes(5), Axes(5));
  EXPECT_NEAR(similarity.positive, 1, 1e-14);
  EXPECT_NEAR(similarity.negative, 0, 1e-14);
}

TEST(PairSimilarity, CountsEveryPairButTheRowItselfAndItsPartner) {
  const at::Tensor a = UnitRows(Gaussian(7, 3)), b = UnitRows(Gaussian(14, 3).narrow(0, 7, 7));
  const at::Tensor u = at::cat({a, b}), all = u.mm(u.t());
  double sum = 0;
  for (int i = 0; i < 14; ++i) {
    for (int k = 0; k < 14; ++k) {
      if (i % 7 != k % 7) sum += all[i][k].item<double>();
    }
  }
  EXPECT_NEAR(MeasurePairSimilarity(a, b).negative, sum / (14 * 12), 1e-14);
}

TEST(PairSimilarity, IsOneEverywhereInACollapse) {
  EXPECT_NEAR(MeasurePairSimilarity(OnePoint(6, 4), OnePoint(6, 4)).negative, 1, 1e-14);
}

TEST(Alignment, IsTheSquareOfTheDistance) {
  EXPECT_EQ(Alignment(Axes(4), Axes(4)), 0);
  EXPECT_NEAR(Alignment(Axes(4), Axes(4).roll(1, 0)), 2, 1e-14);
  EXPECT_NEAR(Alignment(Axes(4), -Axes(4)), 4, 1e-14);
}

TEST(Uniformity, IsZeroForOnePoint) {
  EXPECT_NEAR(Uniformity(OnePoint(6, 4)), 0, 1e-14);
}

TEST(Uniformity, IsMinusFourForAxes) {
  EXPECT_NEAR(Uniformity(Axes(6)), -4, 1e-12);
}

// Of the 2n - 1 other rows, one is at distance 4 and the rest at distance 2 (squared).
TEST(Uniformity, WeighsEveryPairOnce) {
  EXPECT_NEAR(Uniformity(Cross(3)), std::log((std::exp(-8) + 4 * std::exp(-4)) / 5), 1e-12);
}

TEST(NormalizedStd, IsZeroForOnePointAndOneForAllDirections) {
  EXPECT_EQ(NormalizedStd(OnePoint(6, 4)), 0);
  EXPECT_NEAR(NormalizedStd(Cross(5)), 1, 1e-14);
  EXPECT_NEAR(NormalizedStd(UnitRows(Gaussian(4000, 16))), 1, 0.01);
}

TEST(EffectiveRank, CountsEqualDirections) {
  EXPECT_NEAR(EffectiveRank(OnePoint(9, 4)), 1, 1e-5);
  EXPECT_NEAR(EffectiveRank(Axes(7) * 3), 7, 1e-9);
  EXPECT_NEAR(EffectiveRank(at::cat({Axes(4), at::zeros({4, 3}, at::kDouble)}, 1)), 4, 1e-9);
}

TEST(EffectiveRank, IsTheSameForAMatrixAndItsTranspose) {
  const at::Tensor rows = Gaussian(20, 6);
  EXPECT_NEAR(EffectiveRank(rows), EffectiveRank(rows.t()), 1e-9);
}

// Singular values 3 and 1: shares 3/4 and 1/4.
TEST(EffectiveRank, IsTheExponentialOfTheEntropyOfTheShares) {
  const at::Tensor rows = at::diag(at::tensor({3.0, 1.0}, at::kDouble));
  EXPECT_NEAR(EffectiveRank(rows), std::exp(-0.75 * std::log(0.75) - 0.25 * std::log(0.25)), 1e-12);
}

TEST(CollapseGauges, TellACollapseFromAWellSpreadBatch) {
  const CollapseGauges collapsed = MeasureCollapse(at::ones({16, 8}), at::ones({16, 4}));
  EXPECT_NEAR(collapsed.positive_similarity, 1, 1e-6);
  EXPECT_NEAR(collapsed.negative_similarity, 1, 1e-6);
  EXPECT_NEAR(collapsed.uniformity, 0, 1e-6);
  EXPECT_NEAR(collapsed.embedding_std, 0, 1e-6);
  EXPECT_NEAR(collapsed.feature_std, 0, 1e-6);
  EXPECT_NEAR(collapsed.effective_rank, 1, 1e-4);

  const at::Tensor views = Gaussian(600, 8).repeat({2, 1});
  const CollapseGauges spread = MeasureCollapse(views, Gaussian(600, 4));
  EXPECT_NEAR(spread.positive_similarity, 1, 1e-12);
  EXPECT_NEAR(spread.negative_similarity, 0, 0.01);
  EXPECT_NEAR(spread.alignment, 0, 1e-12);
  EXPECT_LT(spread.uniformity, -2.5);
  EXPECT_NEAR(spread.embedding_std, 1, 0.01);
  EXPECT_NEAR(spread.feature_std, 1, 0.01);
  EXPECT_GT(spread.effective_rank, 7.9);
}

}  // namespace
}  // namespace simclr::engine
