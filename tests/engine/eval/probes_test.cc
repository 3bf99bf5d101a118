#include <limits>

#include "engine/eval/accuracy.h"
#include "engine/eval/feature_files.h"
#include "engine/eval/knn_probe.h"
#include "engine/eval/linear_probe.h"
#include "engine/eval/standardizer.h"
#include "gtest/gtest.h"

namespace simclr::engine {
namespace {

// Three classes around three directions, with a fixed wobble.
Features MakeFeatures(std::int64_t n) {
  const at::Tensor labels = at::arange(n, at::kLong).remainder(3);
  const at::Tensor wobble = at::arange(n * 6, at::kFloat).view({n, 6}).sin() * 0.3;
  return {at::eye(6, at::kFloat).index_select(0, labels) + wobble, labels};
}

double Top1(const LinearProbe& probe, const Features& features) {
  AccuracyCounter accuracy;
  accuracy.Add(probe.Logits(features.values), features.labels);
  return accuracy.top1();
}

TEST(LinearProbe, SeparatesWhatIsSeparable) {
  const Features features = MakeFeatures(100);
  LinearProbe probe(6, 3, at::kFloat, {.epochs = 20, .batch = 32, .lr = 0.5});
  double loss = 0;
  for (int epoch = 0; epoch < 20; ++epoch) loss = probe.TrainEpoch(features, epoch);
  EXPECT_LT(loss, 0.3);
  EXPECT_EQ(Top1(probe, features), 1.0);
}

TEST(LinearProbe, GivesTheSameNumbersAgain) {
  const Features features = MakeFeatures(50);
  LinearProbe one(6, 3, at::kFloat, {.epochs = 2, .batch = 16});
  LinearProbe two(6, 3, at::kFloat, {.epochs = 2, .batch = 16});
  for (int epoch = 0; epoch < 2; ++epoch)
    EXPECT_EQ(one.TrainEpoch(features, epoch), two.TrainEpoch(features, epoch));
  EXPECT_TRUE(at::equal(one.Logits(features.values), two.Logits(features.values)));
}

TEST(LinearProbe, TakesOneNesterovStepOfTheMeanGradient) {
  const Features features = MakeFeatures(12);
  LinearProbe probe(6, 3, at::kFloat, {.epochs = 1, .batch = 12, .lr = 0.5, .momentum = 0.9});
  probe.TrainEpoch(features, 0);
  // From zero weights the gradient is (1/3 - onehot)^T x / n, and the first step is lr (1 + momentum) of it.
  const at::Tensor error = at::full({12, 3}, 1.0 / 3) - at::eye(3).index_select(0, features.labels);
  const at::Tensor weight = -0.5 * 1.9 * at::mm(error.t(), features.values) / 12;
  const at::Tensor bias = -0.5 * 1.9 * error.mean(0);
  EXPECT_TRUE(
      at::allclose(probe.Logits(features.values), at::addmm(bias, features.values, weight.t()), 1e-4, 1e-6));
}

TEST(AccuracyCounter, CountsLogitsThatAreNoNumbersAsWrong) {
  AccuracyCounter accuracy;
  accuracy.Add(at::full({4, 3}, std::numeric_limits<float>::quiet_NaN()), at::zeros({4}, at::kLong));
  EXPECT_EQ(accuracy.top1(), 0.0);
}

TEST(Standardizer, GivesEveryFeatureZeroMeanAndUnitDeviation) {
  const at::Tensor values = MakeFeatures(60).values.to(at::kDouble);
  const at::Tensor scaled = Standardizer(values).Apply(values);
  EXPECT_LT(scaled.mean(0).abs().max().item<double>(), 1e-12);
  EXPECT_LT((scaled.square().mean(0) - 1).abs().max().item<double>(), 1e-12);
}

TEST(Standardizer, MakesTheClassifierBlindToScaleAndOffset) {
  const at::Tensor values = MakeFeatures(60).values;
  const at::Tensor other = values * 0.01 + 3;
  EXPECT_TRUE(at::allclose(Standardizer(values).Apply(values), Standardizer(other).Apply(other), 0, 1e-3));
}

TEST(Standardizer, LeavesAConstantFeatureAtZero) {
  const at::Tensor values = at::full({8, 2}, 0.1f);
  EXPECT_TRUE(at::equal(Standardizer(values).Apply(values).abs().gt(1e-6), at::zeros({8, 2}, at::kBool)));
}

TEST(VoteByNeighbours, UsesAllOfABankThatIsSmallerThanK) {
  const Features bank = MakeFeatures(9);
  EXPECT_EQ(VoteByNeighbours(bank, bank.values, 3, {.k = 200}).neighbours.size(1), 9);
}

TEST(VoteByNeighbours, DoesNotDependOnTheTile) {
  const Features bank = MakeFeatures(30);
  const at::Tensor queries = MakeFeatures(11).values;
  EXPECT_TRUE(at::allclose(VoteByNeighbours(bank, queries, 3, {.k = 5, .tile = 4}).votes,
                           VoteByNeighbours(bank, queries, 3, {.k = 5, .tile = 256}).votes));
}

TEST(EncodeNpy, WritesHeaderAndDataThatNumpyReads) {
  const std::string bytes = EncodeNpy(at::arange(6, at::kFloat).view({2, 3}));
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const std::size_t header =
      10 + static_cast<unsigned char>(bytes[8]) + 256 * static_cast<unsigned char>(bytes[9]);
  EXPECT_EQ(header % 64, 0u);
  EXPECT_EQ(bytes.size(), header + 24);
  EXPECT_NE(bytes.find("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"), std::string::npos);
  EXPECT_NE(EncodeNpy(at::arange(4, at::kLong)).find("'<i8', 'fortran_order': False, 'shape': (4,), }"),
            std::string::npos);
}

}  // namespace
}  // namespace simclr::engine
