#include "engine/eval/feature_extractor.h"

#include <memory>

#include "gtest/gtest.h"
#include "tests/support/ranks.h"

namespace simclr::engine {
namespace {

using ::simclr::testing::ExpectAllPassed;
using ::simclr::testing::RankContext;
using ::simclr::testing::RunRanks;

constexpr char kSource[] = "synthetic:train=150,size=16";  // two whole batches and a ragged one

std::unique_ptr<SimclrModel> MakeModel(Collective& group) {
  ModelConfig config;
  config.encoder = "resnet18";
  config.width = 0.125;
  config.stem = Stem::kCifar;
  std::unique_ptr<SimclrModel> model = *SimclrModel::Create(config, 1, &group);
  model->To(at::kCPU, at::kFloat);
  model->SetTraining(false);
  return model;
}

Features ExtractAlone(bool crop_flip) {
  const auto group = MakeLocalCollective();
  const auto model = MakeModel(*group);
  const Augmentation augmentation(AugmentConfig(), 16);
  FeatureExtractor extractor(*model, augmentation, *group, at::kCPU, [] {});
  const auto dataset = *OpenDataset(kSource, "train");
  return crop_flip ? *extractor.ExtractCropFlip(*dataset, 1, 3) : *extractor.Extract(*dataset);
}

TEST(FeatureExtractor, KeepsTheOrderOfTheDataSet) {
  const Features features = ExtractAlone(false);
  const auto dataset = *OpenDataset(kSource, "train");
  ASSERT_EQ(features.values.sizes(), at::IntArrayRef({150, 64}));
  for (std::int64_t i = 0; i < 150; ++i)
    EXPECT_EQ(features.labels[i].item<std::int64_t>(), dataset->label(i));

  const auto group = MakeLocalCollective();
  const auto model = MakeModel(*group);
  const Augmentation augmentation(AugmentConfig(), 16);
  at::Tensor image = at::empty({1, 3, 16, 16});
  augmentation.Eval(*dataset->Read(149), {image.data_ptr<float>(), 16, 16});
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(at::allclose(features.values[149], model->Encode(image)[0], 1e-4, 1e-5));
}

TEST(FeatureExtractor, TouchesNeitherWeightsNorStatistics) {
  const auto group = MakeLocalCollective();
  const auto model = MakeModel(*group);
  NamedTensors before;
  for (const NamedTensor& entry : model->State())
    before.push_back({entry.name, entry.tensor.detach().clone()});
  const Augmentation augmentation(AugmentConfig(), 16);
  FeatureExtractor extractor(*model, augmentation, *group, at::kCPU, [] {});
  ASSERT_TRUE(extractor.Extract(**OpenDataset(kSource, "train")).ok());
  const NamedTensors after = model->State();
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(at::equal(before[i].tensor, after[i].tensor));
}

class FeatureExtractorOfSize : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, FeatureExtractorOfSize, ::testing::Values(2, 4));

TEST_P(FeatureExtractorOfSize, GivesEveryRankTheBitsOfOneProcess) {
  ExpectAllPassed(RunRanks(GetParam(), [](RankContext& context) {
    at::set_num_threads(1);
    const auto group = context.Group("main");
    const auto model = MakeModel(*group);
    const Augmentation augmentation(AugmentConfig(), 16);
    FeatureExtractor extractor(*model, augmentation, *group, at::kCPU, [] {});
    const auto dataset = *OpenDataset(kSource, "train");
    EXPECT_TRUE(at::equal(extractor.Extract(*dataset)->values, ExtractAlone(false).values));
    EXPECT_TRUE(at::equal(extractor.ExtractCropFlip(*dataset, 1, 3)->values, ExtractAlone(true).values));
  }));
}

}  // namespace
}  // namespace simclr::engine
