#include "tests/support/oracle.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/oracle_tolerance.h"

namespace simclr::oracle {
namespace {

using nlohmann::json;

double Ratio(const at::Tensor& x, const at::Tensor& ref, const json& limit, const std::string& rule,
             const std::vector<std::int64_t>& sizes = {}) {
  return Measure(x, ref, limit, rule, sizes).value().ratio;
}

TEST(OracleFormula, MeetsTheProbesOfTheManifest) {
  EXPECT_EQ(Fnv1a64("conv1.weight"), 0x69a29a2cee47d254ULL);
  EXPECT_EQ(Mix64(0x9E3779B97F4A7C15ULL), 0xe220a8397b1dcdafULL);
  const Runner runner("encoders");
  const std::uint64_t seed = runner.manifest().at("seed");
  const json& probe = runner.manifest().at("formula_probe");
  for (const auto& [name, values] : probe.at("noise").items()) {
    for (std::size_t k = 0; k < values.size(); ++k)
      EXPECT_EQ(Noise(seed, name, k), values[k]) << name << " " << k;
  }
  const std::map<std::string, std::vector<std::int64_t>> shapes = {
      {"conv1.weight", {64, 3, 3, 3}}, {"bn1.weight", {64}}, {"layer1.0.bn2.weight", {64}}};
  for (const auto& [name, values] : probe.at("first weights of ResNet-18, CIFAR stem").items()) {
    const at::Tensor state = FormulaState(seed, name, shapes.at(name), /*bottleneck=*/false).flatten();
    for (std::size_t k = 0; k < values.size(); ++k)
      EXPECT_EQ(state[k].item<double>(), values[k]) << name << " " << k;
  }
  EXPECT_EQ(Noise(7, "x", 2), Noise(7, "x", {2, 2})[1][0].item<double>());
}

TEST(OracleTolerance, TensorRuleTakesTheLargestReference) {
  const at::Tensor ref = at::tensor({1.0, 100.0}, at::kDouble);
  EXPECT_DOUBLE_EQ(Ratio(ref + 0.5, ref, {{"abs", 0}, {"rel", 0.01}}, "tensor"), 0.5);
  EXPECT_EQ(Ratio(ref, ref, {{"abs", 0}, {"rel", 0}}, "tensor"), 0);
  EXPECT_GT(Ratio(ref + 1e-12, ref, {{"abs", 0}, {"rel", 0}}, "tensor"), 1);
}

TEST(OracleTolerance, ElementRuleTakesEachReference) {
  const at::Tensor ref = at::tensor({1.0, 100.0}, at::kDouble);
  EXPECT_DOUBLE_EQ(Ratio(ref + 0.5, ref, {{"abs", 0}, {"rel", 0.01}}, "element"), 50);
}

TEST(OracleTolerance, AListHasOneLimitAStep) {
  const at::Tensor ref = at::tensor({10.0, 10.0}, at::kDouble);
  const at::Tensor x = ref + at::tensor({0.05, 0.5}, at::kDouble);
  EXPECT_NEAR(Ratio(x, ref, {{"abs", 0}, {"rel", {0.01, 0.1}}}, "element"), 0.5, 1e-9);
  EXPECT_NEAR(Ratio(x, ref, {{"abs", 0}, {"rel", {0.01, 0.1}}}, "tensor"), 0.5, 1e-9);
}

TEST(OracleTolerance, SummaryRuleTakesNaturalSizes) {
  const at::Tensor tensor = at::full({4}, 3.0, at::kDouble);  // sum 12, squares 36: scales 12, 36, 3
  const at::Tensor row = Summary(tensor).unsqueeze(0);
  const at::Tensor off = row + at::tensor({1.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}, at::kDouble);
  EXPECT_NEAR(Ratio(off, row, {{"abs", 0}, {"rel", 0.1}}, "summary", {4}), 1.0, 1e-9);
}

TEST(OracleTolerance, WhatIsNotFiniteIsInfinitelyFar) {
  const at::Tensor ref = at::ones({2}, at::kDouble);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_GT(Ratio(ref * nan, ref, {{"abs", 1}, {"rel", 1}}, "tensor"), 1e300);
  EXPECT_FALSE(Measure(at::ones({3}), ref, {{"abs", 1}, {"rel", 1}}, "tensor", {}).ok());
}

TEST(OracleRunner, FailsForACaseThatNobodyHandles) {
  EXPECT_NONFATAL_FAILURE(
      {
        Runner runner("eval");
        runner.On("votes/", [](Case& c) { c.Reference("votes"), c.Reference("prediction"); });
        runner.Exclude("knn/", "not in this test");
        runner.Exclude("logistic/", "not in this test");
        runner.Exclude("topk/", "not in this test");
        runner.Run();
      },
      "case \"zero_head\" has no handler");
}

TEST(OracleRunner, FailsForAnOutputThatNobodyCompares) {
  EXPECT_NONFATAL_FAILURE(
      {
        Runner runner("eval");
        runner.Exclude("", "not in this test");
        runner.On("votes/T1", [](Case& c) { c.Check("prediction", c.Reference("prediction")); });
        runner.Run();
      },
      "votes/T1: no pass compared the output votes");
}

}  // namespace
}  // namespace simclr::oracle
