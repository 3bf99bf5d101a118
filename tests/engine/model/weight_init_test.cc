#include "engine/model/weight_init.h"

#include <cmath>

#include "gtest/gtest.h"

namespace simclr::engine {
namespace {

TEST(HeNormal, DependsOnSeedAndNameAlone) {
  const at::Tensor first = HeNormal(7)("conv1.weight", {8, 3, 3, 3}, Fan::kOut);
  const WeightSource source = HeNormal(7);
  source("layer1.0.conv1.weight", {8, 8, 3, 3}, Fan::kOut);
  EXPECT_TRUE(at::equal(source("conv1.weight", {8, 3, 3, 3}, Fan::kOut), first));
  EXPECT_FALSE(at::equal(source("conv2.weight", {8, 3, 3, 3}, Fan::kOut), first));
  EXPECT_FALSE(at::equal(HeNormal(8)("conv1.weight", {8, 3, 3, 3}, Fan::kOut), first));
}

TEST(HeNormal, HasTheVarianceOfItsFan) {
  const at::Tensor conv = HeNormal(1)("conv", {64, 32, 3, 3}, Fan::kOut);
  EXPECT_NEAR(conv.std().item<double>(), std::sqrt(2.0 / (64 * 9)), 1e-3);
  EXPECT_NEAR(conv.mean().item<double>(), 0, 1e-3);
  const at::Tensor linear = HeNormal(1)("linear", {64, 512}, Fan::kIn);
  EXPECT_NEAR(linear.std().item<double>(), std::sqrt(2.0 / 512), 1e-3);
}

}  // namespace
}  // namespace simclr::engine
