#include "engine/loss/nt_xent.h"

#include <gtest/gtest.h>

#include <cmath>

namespace simclr::engine {
namespace {

const at::ScalarType kDouble = at::kDouble;

at::Tensor Random(std::int64_t rows, std::int64_t columns, at::ScalarType type = kDouble) {
  const at::Generator generator = at::detail::createCPUGenerator(/*seed=*/5);
  return at::randn({rows, columns}, generator, at::TensorOptions().dtype(kDouble)).to(type);
}

double Loss(const at::Tensor& z, const NtXentOptions& options = {.temperature = 0.5}) {
  return NtXent(z, 0, z.size(0) / 2, options).item<double>();
}

at::Tensor Gradient(const at::Tensor& embeddings, const NtXentOptions& options = {.temperature = 0.5}) {
  const at::Tensor z = embeddings.detach().clone().requires_grad_();
  NtXent(z, 0, z.size(0) / 2, options).backward();
  return z.grad();
}

double LargestDifference(const at::Tensor& x, const at::Tensor& y) {
  return (x - y).abs().max().item<double>();
}

// The definition, with the whole matrix.
at::Tensor Naive(const at::Tensor& z, double temperature) {
  const std::int64_t n = z.size(0) / 2;
  const at::Tensor u = z / z.norm(2, at::IntArrayRef{1}, true);
  const at::Tensor self = at::eye(2 * n, at::kBool);
  const at::Tensor logits = (u.mm(u.t()) / temperature).masked_fill(self, -INFINITY);
  const at::Tensor partner = (at::arange(2 * n) + n).remainder(2 * n);
  return (logits.logsumexp(1) - logits.gather(1, partner.unsqueeze(1)).squeeze(1)).mean();
}

TEST(NtXent, EqualsItsDefinitionForEveryTile) {
  const at::Tensor z = Random(26, 7).requires_grad_();
  const at::Tensor expected = Naive(z, 0.2);
  expected.backward();
  for (const std::int64_t tile : {1, 2, 5, 13, 26, 512}) {
    const NtXentOptions options{.temperature = 0.2, .tile = tile};
    EXPECT_NEAR(Loss(z, options), expected.item<double>(), 1e-13) << tile;
    EXPECT_LT(LargestDifference(Gradient(z, options), z.grad()), 1e-14) << tile;
  }
}

TEST(NtXent, GradientAgreesWithFiniteDifferences) {
  for (const bool normalize : {true, false}) {
    const NtXentOptions options{.temperature = 0.5, .normalize = normalize, .tile = 3};
    const at::Tensor z = Random(8, 3), gradient = Gradient(z, options);
    const double h = 1e-6;
    for (std::int64_t i = 0; i < z.numel(); ++i) {
      at::Tensor up = z.clone(), down = z.clone();
      up.view(-1)[i] += h;
      down.view(-1)[i] -= h;
      const double expected = (Loss(up, options) - Loss(down, options)) / (2 * h);
      EXPECT_NEAR(gradient.view(-1)[i].item<double>(), expected, 1e-8)
          << "normalize " << normalize << ", entry " << i;
    }
  }
}

TEST(NtXent, DoesNotSeeWhatItShouldNot) {
  const at::Tensor z = Random(12, 5), a = z.narrow(0, 0, 6), b = z.narrow(0, 6, 6);
  const double loss = Loss(z);
  EXPECT_NEAR(Loss(at::cat({b, a})), loss, 1e-13) << "views swapped";
  const at::Tensor order = at::tensor({3, 1, 5, 0, 2, 4});
  EXPECT_NEAR(Loss(at::cat({a.index_select(0, order), b.index_select(0, order)})), loss, 1e-13)
      << "images permuted";
  const at::Tensor scales = at::arange(1, 13, kDouble).unsqueeze(1);
  EXPECT_NEAR(Loss(z * scales), loss, 1e-13) << "rows scaled";
  const at::Tensor rotation = std::get<0>(at::linalg_qr(Random(5, 5)));
  EXPECT_NEAR(Loss(z.mm(rotation)), loss, 1e-13) << "space rotated";
}

TEST(NtXent, GradientIsOrthogonalToItsRowAndShrinksWithItsLength) {
  const at::Tensor z = Random(12, 5), gradient = Gradient(z);
  EXPECT_LT((z * gradient).sum(1).abs().max().item<double>(), 1e-15);
  EXPECT_LT(LargestDifference(Gradient(z * 4) * 4, gradient), 1e-15);
}

TEST(NtXent, RowsOfTheRanksAddUpToTheWholeBatch) {
  const at::Tensor z = Random(14, 4), whole = NtXentRows(z, 0, 7, {});
  const at::Tensor part = NtXentRows(z, 2, 3, {});
  EXPECT_LT(LargestDifference(part, at::cat({whole.narrow(0, 2, 3), whole.narrow(0, 9, 3)})), 1e-13);
  EXPECT_NEAR(NtXent(z, 2, 3, {}).item<double>(), part.mean().item<double>(), 1e-13);
}

TEST(NtXent, GradientFollowsTheLossThatItIsPartOf) {
  const at::Tensor z = Random(8, 3).requires_grad_();
  (NtXent(z, 0, 4, {.temperature = 0.5}) * 3).backward();
  EXPECT_LT(LargestDifference(z.grad(), Gradient(z) * 3), 1e-15);
}

TEST(NtXent, ZeroRowsGetZeroGradientsAndNoNan) {
  at::Tensor z = Random(8, 3);
  z[2].zero_();
  EXPECT_TRUE(std::isfinite(Loss(z)));
  const at::Tensor gradient = Gradient(z);
  EXPECT_TRUE(gradient.isfinite().all().item<bool>());
  EXPECT_EQ(gradient[2].abs().sum().item<double>(), 0);
  EXPECT_NEAR(Loss(at::zeros({8, 3}, kDouble)), std::log(7.0), 1e-13);
}

TEST(NtXent, StaysFiniteForTinyTemperaturesAndHugeLogits) {
  const at::Tensor z = Random(8, 3, at::kFloat);
  for (const NtXentOptions& options :
       {NtXentOptions{.temperature = 1e-4}, NtXentOptions{.temperature = 1e-4, .normalize = false}}) {
    EXPECT_TRUE(std::isfinite(Loss(z, options)));
    EXPECT_TRUE(Gradient(z, options).isfinite().all().item<bool>());
  }
}

TEST(NtXent, ComputesHalfPrecisionInFloat) {
  const at::Tensor z = Random(16, 8, at::kBFloat16);
  const at::Tensor leaf = z.clone().requires_grad_();
  const at::Tensor loss = NtXent(leaf, 0, 8, {});
  EXPECT_EQ(loss.scalar_type(), at::kFloat);
  EXPECT_EQ(loss.item<float>(), NtXent(z.to(at::kFloat), 0, 8, {}).item<float>());
  loss.backward();
  EXPECT_EQ(leaf.grad().scalar_type(), at::kBFloat16);
}

TEST(NtXent, AutocastDoesNotReachIt) {
  const at::Tensor z = Random(16, 8, at::kFloat);
  const double expected = Loss(z);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const double loss = Loss(z);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  EXPECT_EQ(loss, expected);
}

TEST(NtXent, RefusesArgumentsOutOfRange) {
  const at::Tensor z = Random(8, 3);
  EXPECT_THROW(NtXent(z, 2, 3, {}), c10::Error);
  EXPECT_THROW(NtXent(z, 0, 0, {}), c10::Error);
  EXPECT_THROW(NtXent(z.narrow(0, 0, 7), 0, 3, {}), c10::Error);
  EXPECT_THROW(NtXent(z, 0, 4, {.temperature = 0}), c10::Error);
  EXPECT_THROW(MeasureContrast(z, 0, 5, {}), c10::Error);
}

TEST(MeasureContrast, DoesNotDependOnTheTile) {
  const at::Tensor z = Random(46, 3);
  const ContrastMetrics whole = MeasureContrast(z, 0, 23, {});
  const ContrastMetrics tiled = MeasureContrast(z, 0, 23, {.tile = 4});
  EXPECT_EQ(whole.accuracy, tiled.accuracy);
  EXPECT_EQ(whole.accuracy_top5, tiled.accuracy_top5);
  EXPECT_NEAR(whole.entropy, tiled.entropy, 1e-12);
  EXPECT_GT(whole.accuracy, 0);
  EXPECT_LT(whole.accuracy, 1);
}

TEST(MeasureContrast, SeesACollapse) {
  const ContrastMetrics metrics = MeasureContrast(at::ones({20, 3}), 0, 10, {});
  EXPECT_NEAR(metrics.accuracy, 0.1, 1e-12);
  EXPECT_NEAR(metrics.accuracy_top5, 0.5, 1e-12);
  EXPECT_NEAR(metrics.entropy, std::log(10.0), 1e-6);
}

// Unit vectors in the plane: image i looks at angle 0, its partner at i x 10 degrees, so that i candidates
// are nearer.
TEST(MeasureContrast, CountsThePartnerAmongTheFiveMostSimilar) {
  const at::Tensor angle = at::arange(8, kDouble) * (M_PI / 18);
  const at::Tensor b = at::stack({angle.cos(), angle.sin()}, 1);
  const at::Tensor a = b.narrow(0, 0, 1).expand({8, 2});
  for (const std::int64_t tile : {3, 512}) {
    const ContrastMetrics metrics = MeasureContrast(at::cat({a, b}), 0, 8, {.tile = tile});
    EXPECT_DOUBLE_EQ(metrics.accuracy, 1.0 / 8);
    EXPECT_DOUBLE_EQ(metrics.accuracy_top5, 5.0 / 8);
    EXPECT_DOUBLE_EQ(MeasureContrast(at::cat({a, b}), 4, 4, {.tile = tile}).accuracy_top5, 1.0 / 4);
  }
}

TEST(MeasureContrast, CountsWhatIsNoNumberAsWrong) {
  const ContrastMetrics metrics = MeasureContrast(at::full({20, 3}, NAN, kDouble), 0, 10, {});
  EXPECT_EQ(metrics.accuracy, 0);
  EXPECT_EQ(metrics.accuracy_top5, 0);
}

}  // namespace
}  // namespace simclr::engine
