#include "worker/trainer/convert_config.h"

#include "common/job/defaults.h"
#include "common/job/job_file.h"
#include "gtest/gtest.h"

namespace simclr::trainer {
namespace {

engine::JobConfig Convert(const std::string& yaml) {
  return ToJobConfig(WithDefaults(ParseJobFile(yaml, "job.yaml")->front()));
}

TEST(ConvertConfig, GivesTheEngineTheDefaultsOfTheJobFile) {
  const engine::JobConfig config = Convert("data: {source: 'synthetic:'}");
  const engine::JobConfig engine_defaults;
  EXPECT_EQ(config.kind, engine::JobKind::kPretrain);
  EXPECT_EQ(config.data.image_size, 224);
  EXPECT_EQ(config.augment.blur_probability, 0.5);
  EXPECT_EQ(config.model.encoder, "resnet50");
  EXPECT_EQ(config.model.head.out, engine_defaults.model.head.out);
  EXPECT_EQ(config.temperature, 0.1);
  EXPECT_EQ(config.optimizer.lr, 0.3);
  EXPECT_EQ(config.optimizer.warmup_epochs, 10);
  EXPECT_EQ(config.train.global_batch, 256);
  EXPECT_EQ(config.checkpoint.every_minutes, 10);
}

TEST(ConvertConfig, CarriesWhatIsWritten) {
  const engine::JobConfig config = Convert(R"(
name: small
data: {source: "synthetic:", image_size: 32, holdout: 0.1}
augment: {preset: cifar10, crop: {interpolation: bicubic}}
model: {encoder: resnet18, width: 0.25, stem: cifar, norm: layer-norm, head: {kind: linear, norm: none, bias: true}}
optimizer: {kind: sgd, lr: 0.1, scaling: sqrt, schedule: constant, nesterov: true}
train: {epochs: 3, global_batch: 64, precision: fp64, seed: 9}
)");
  EXPECT_EQ(config.name, "small");
  EXPECT_EQ(config.data.holdout, 0.1);
  EXPECT_EQ(config.augment.blur_probability, 0);
  EXPECT_EQ(config.augment.brightness, 0.4);
  EXPECT_EQ(config.augment.interpolation, engine::Interpolation::kBicubic);
  EXPECT_EQ(config.model.stem, engine::Stem::kCifar);
  EXPECT_EQ(config.model.norm, engine::NormKind::kLayerNorm);
  EXPECT_EQ(config.model.head.kind, engine::HeadKind::kLinear);
  EXPECT_EQ(config.model.head.norm, engine::NormKind::kNone);
  EXPECT_TRUE(config.model.head.bias);
  EXPECT_EQ(config.optimizer.kind, engine::OptimizerKind::kSgd);
  EXPECT_EQ(config.optimizer.scaling, engine::LrScaling::kSqrt);
  EXPECT_EQ(config.optimizer.schedule, engine::LrScheduleKind::kConstant);
  EXPECT_TRUE(config.optimizer.nesterov);
  EXPECT_EQ(config.train.precision, engine::PrecisionChoice::kFp64);
  EXPECT_EQ(config.train.seed, 9u);
}

TEST(ConvertConfig, TakesPresetNoneAsTheEvaluationTransform) {
  EXPECT_TRUE(Convert("{data: {source: 'synthetic:'}, augment: {preset: none}}").augment.none);
  EXPECT_FALSE(Convert("{data: {source: 'synthetic:'}, augment: {preset: none, flip: {probability: 1}}}")
                   .augment.none);
}

TEST(ConvertConfig, CarriesALinearEvalJob) {
  const engine::JobConfig config = Convert(R"(
kind: linear-eval
after: small
data: {source: "synthetic:", test: "synthetic:"}
linear_eval: {mode: augmented, epochs: 5, save_features: true}
)");
  EXPECT_EQ(config.kind, engine::JobKind::kLinearEval);
  EXPECT_EQ(config.linear_eval.mode, engine::LinearEvalMode::kAugmented);
  EXPECT_EQ(config.linear_eval.epochs, 5);
  EXPECT_DOUBLE_EQ(config.linear_eval.lr, 0.4);
  EXPECT_TRUE(config.linear_eval.save_features);
}

}  // namespace
}  // namespace simclr::trainer
