#include "engine/model/simclr_model.h"

#include <ATen/autocast_mode.h>

#include <map>
#include <string>

#include "engine/distributed/gradient_averager.h"
#include "gmock/gmock.h"
#include "tests/support/ranks.h"

namespace simclr::engine {
namespace {

using ::simclr::testing::ExpectAllPassed;
using ::simclr::testing::RankContext;
using ::simclr::testing::RunRanks;
using ::testing::HasSubstr;
using ::testing::StartsWith;

ModelConfig Small(NormKind norm = NormKind::kGlobalBn) {
  ModelConfig config;
  config.encoder = "resnet18";
  config.width = 0.125;
  config.stem = Stem::kCifar;
  config.norm = norm;
  config.zero_init_gamma = false;
  config.head.norm = norm;
  config.head.out = 16;
  return config;
}

std::unique_ptr<SimclrModel> Make(const ModelConfig& config, Collective* group = nullptr) {
  auto model = SimclrModel::Create(config, 1, group);
  EXPECT_TRUE(model.ok()) << model.status();
  return std::move(*model);
}

at::Tensor Images(std::int64_t count, at::ScalarType type = at::kFloat) {
  return at::arange(count * 3 * 16 * 16, at::kDouble)
      .mul(0.7)
      .sin()
      .mul(0.5)
      .add(0.5)
      .to(type)
      .view({count, 3, 16, 16});
}

// A loss whose gradient differs from sample to sample; `first` is the global index of the first row.
at::Tensor MeanLoss(const at::Tensor& z, std::int64_t first) {
  const at::Tensor weight = at::arange(z.size(0) * z.size(1), z.options()).add(first * z.size(1)).cos();
  return (z * z * z * weight.view_as(z)).sum(1).mean();
}

std::map<std::string, at::Tensor> StateOf(const SimclrModel& model) {
  std::map<std::string, at::Tensor> state;
  for (const NamedTensor& entry : model.State()) state[entry.name] = entry.tensor;
  return state;
}

class SimclrModelOfSize : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, SimclrModelOfSize, ::testing::Values(1, 2, 4));

// Batch-norm gradients of a rank are those of the sum of all ranks' losses, so the mean over ranks of the
// parameter gradients is that of the mean loss, which is the loss of one process.
TEST_P(SimclrModelOfSize, EqualsOneProcessOnTheWholeBatch) {
  ExpectAllPassed(RunRanks(GetParam(), [](RankContext& context) {
    const std::int64_t own = 8 / context.world_size(), first = own * context.rank();
    const auto gradients = context.Group("gradients"), norm = context.Group("norm");
    const auto whole = Make(Small());
    whole->To(at::kCPU, at::kDouble);
    const at::Tensor images = Images(8, at::kDouble), z = whole->Forward(images).z;
    const at::Tensor loss = MeanLoss(z, 0);
    loss.backward();

    const auto model = Make(Small(), norm.get());
    model->To(at::kCPU, at::kDouble);
    GradientAverager averager(model->Parameters(), *gradients);
    averager.Begin();
    const at::Tensor own_z = model->Forward(images.narrow(0, first, own)).z;
    at::Tensor own_loss = MeanLoss(own_z, first);
    own_loss.backward();
    averager.Finish();

    EXPECT_TRUE(at::allclose(own_z, z.narrow(0, first, own), 1e-10, 1e-12));
    const NamedTensors expected = whole->Parameters(), actual = model->Parameters();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_TRUE(at::allclose(actual[i].tensor.grad(), expected[i].tensor.grad(), 1e-10, 1e-10))
          << actual[i].name;
    }
    const auto wanted = StateOf(*whole);
    for (const auto& [name, tensor] : StateOf(*model)) {
      EXPECT_TRUE(at::allclose(tensor, wanted.at(name), 1e-10, 1e-12)) << name;
    }
  }));
}

TEST(SimclrModel, MixesTheStatisticsOfBothViewsInTrainingOnly) {
  const auto model = Make(Small());
  const at::NoGradGuard no_grad;
  const at::Tensor images = Images(8), half = images.narrow(0, 0, 4);
  EXPECT_FALSE(at::allclose(model->Encode(images).narrow(0, 0, 4), model->Encode(half), 1e-3, 1e-3));
  model->SetTraining(false);
  EXPECT_TRUE(at::allclose(model->Encode(images).narrow(0, 0, 4), model->Encode(half), 1e-4, 1e-5));
}

class SimclrModelOfNorm : public ::testing::TestWithParam<NormKind> {};
INSTANTIATE_TEST_SUITE_P(Kinds, SimclrModelOfNorm,
                         ::testing::Values(NormKind::kGlobalBn, NormKind::kLocalBn, NormKind::kLayerNorm));

TEST_P(SimclrModelOfNorm, GivesEveryParameterAGradient) {
  const auto model = Make(Small(GetParam()));
  const ModelOutput out = model->Forward(Images(4));
  EXPECT_EQ(out.h.sizes(), at::IntArrayRef({4, model->features()}));
  EXPECT_EQ(out.z.sizes(), at::IntArrayRef({4, model->outputs()}));
  MeanLoss(out.z, 0).backward();
  for (const NamedTensor& parameter : model->Parameters()) {
    ASSERT_TRUE(parameter.tensor.grad().defined()) << parameter.name;
    EXPECT_TRUE(at::isfinite(parameter.tensor.grad()).all().item<bool>()) << parameter.name;
  }
}

// Switches autocast for the CPU to bf16.
class Bf16Autocast {
 public:
  Bf16Autocast() {
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::increment_nesting();
  }
  ~Bf16Autocast() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
};

TEST_P(SimclrModelOfNorm, TrainsUnderBf16Autocast) {
  const auto model = Make(Small(GetParam()));
  const at::Tensor wide = model->Forward(Images(8)).h.detach();
  ModelOutput out;
  {
    const Bf16Autocast bf16;
    out = model->Forward(Images(8));
  }
  EXPECT_EQ(out.z.scalar_type(), at::kFloat);
  EXPECT_LT(((out.h - wide).norm() / wide.norm()).item<double>(), 0.1);
  MeanLoss(out.z, 0).backward();
  for (const NamedTensor& parameter : model->Parameters()) {
    EXPECT_EQ(parameter.tensor.grad().scalar_type(), at::kFloat) << parameter.name;
  }
}

TEST(SimclrModel, SeparatesEncoderAndHeadByName) {
  const auto model = Make(Small());
  const std::size_t encoder = model->EncoderState().size(), head = model->HeadState().size();
  const NamedTensors state = model->State();
  ASSERT_EQ(state.size(), encoder + head);
  EXPECT_EQ(state.front().name, "conv1.weight");
  EXPECT_EQ(state[encoder].name, "head.layers.0.linear.weight");
  EXPECT_EQ(model->HeadState().front().name, "layers.0.linear.weight");
  EXPECT_THAT(model->Parameters().back().name, StartsWith("head."));
}

TEST(SimclrModel, StartsEqualForEqualSeeds) {
  const auto one = StateOf(*Make(Small())), two = StateOf(*Make(Small()));
  for (const auto& [name, tensor] : one) EXPECT_TRUE(at::equal(tensor, two.at(name))) << name;
}

TEST(SimclrModel, KeepsItsTensorsWhenItChangesType) {
  const auto model = Make(Small());
  const NamedTensors before = model->State();
  model->To(at::kCPU, at::kDouble);
  const NamedTensors after = model->State();
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(before[i].tensor.is_same(after[i].tensor));
    const bool counter = before[i].name.ends_with("num_batches_tracked");
    EXPECT_EQ(after[i].tensor.scalar_type(), counter ? at::kLong : at::kDouble);
  }
}

TEST(SimclrModel, RefusesAnEncoderWithoutNorm) {
  const auto model = SimclrModel::Create(Small(NormKind::kNone), 1, nullptr);
  EXPECT_EQ(model.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(model.status().message()), HasSubstr("layer-norm"));
}

TEST(EncoderFeatures, AreTheLengthOfH) {
  EXPECT_EQ(*EncoderFeatures("resnet50", 2), 4096);
  EXPECT_EQ(EncoderFeatures("vgg", 1).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace simclr::engine
