#include "common/base/file_system.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_directory.h"
#include "worker/trainer/local_run.h"

namespace simclr::trainer {
namespace {

constexpr char kJobs[] = R"(
name: learning
data: {source: "synthetic:train=2000,test=1000", image_size: 32}
augment: {preset: cifar10}
model: {encoder: resnet18, width: 0.25, stem: imagenet}
loss: {temperature: 0.2}
optimizer: {lr: 2.0, scaling: none, warmup_epochs: 0.5, weight_decay: 1e-4}
train: {epochs: 10, global_batch: 64, precision: fp32}
---
name: learning-linear
kind: linear-eval
after: learning
data: {source: "synthetic:train=2000,test=1000", test: "synthetic:train=2000,test=1000"}
)";

TEST(LocalLearning, EndsTenPointsOverTheRandomEncoder) {
  const TemporaryDirectory directory;
  const StopSignals stop;
  ASSERT_TRUE(PosixFileSystem().Write(directory / "job.yaml", kJobs).ok());
  const engine::RunEnd end = RunLocally({directory / "job.yaml", directory / "out", {}, 2}, stop);
  ASSERT_EQ(end.end, engine::EndClass::kSuccess) << end.message;
  const double trained = end.results.at("linear_eval/top1");
  const double random = end.results.at("linear_eval/top1_random");
  EXPECT_GE(trained, random + 0.10) << "trained " << trained << ", random " << random;
}

}  // namespace
}  // namespace simclr::trainer
