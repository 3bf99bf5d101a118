#include "engine/model/resnet.h"

#include <limits>
#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/oracle.h"

namespace simclr::engine {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

using Network = std::pair<std::unique_ptr<ResNet>, ModuleState>;

Network Make(int depth, double width, const std::string& stem, const WeightSource& weights,
             Collective& group) {
  ModelConfig config;
  config.stem = stem == "cifar" ? Stem::kCifar : Stem::kImagenet;
  const auto shape = ResNetShapeOf("resnet" + std::to_string(depth), width);
  EXPECT_TRUE(shape.ok()) << shape.status();
  Network network;
  network.first = std::make_unique<ResNet>(*shape, config, weights, group);
  network.first->AppendState(network.second);
  return network;
}

at::Tensor ShapeOnly(const std::string&, at::IntArrayRef shape, Fan) {
  return at::empty(shape, at::TensorOptions(at::kMeta));
}

at::Tensor Unset(const std::string&, at::IntArrayRef shape, Fan) {
  return at::empty(shape);
}

TEST(ResNetOracle, HasTorchvisionsNamesShapesAndCounts) {
  const auto alone = MakeLocalCollective();
  const oracle::Runner runner("encoders");
  for (const json& wanted : runner.manifest().at("architectures")) {
    const std::string id = wanted.at("id");
    const std::string stem = id.substr(id.rfind('_') + 1);
    const auto [net, state] = Make(wanted.at("depth"), wanted.at("width"), stem, ShapeOnly, *alone);
    EXPECT_EQ(net->features(), wanted.at("feature_dim").get<int>()) << id;
    json entries = json::array();
    std::int64_t trained = 0, buffers = 0;
    for (const StateEntry& entry : state) {
      entries.push_back({entry.name, entry.tensor.sizes().vec()});
      (entry.trained ? trained : buffers) += entry.tensor.numel();
    }
    EXPECT_EQ(entries, wanted.at("state_dict")) << id;
    EXPECT_EQ(trained, wanted.at("parameters").get<std::int64_t>()) << id;
    EXPECT_EQ(buffers, wanted.at("buffers").get<std::int64_t>()) << id;
  }
}

void Fill(ModuleState& state, std::uint64_t seed, bool bottleneck, at::ScalarType type) {
  const at::NoGradGuard no_grad;
  for (StateEntry& entry : state) {
    const at::Tensor value = oracle::FormulaState(seed, entry.name, entry.tensor.sizes(), bottleneck);
    const bool real = entry.tensor.is_floating_point();
    entry.tensor.set_data(real ? entry.tensor.to(type) : entry.tensor);
    entry.tensor.copy_(value);
  }
}

void CheckEncoder(oracle::Case& c) {
  const auto alone = MakeLocalCollective();
  const json& settings = c.settings();
  const int depth = settings.at("depth");
  auto [net, state] =
      Make(depth, settings.at("base_width").get<double>() / 64, settings.at("stem"), Unset, *alone);
  Fill(state, c.seed(), depth >= 50, c.type());
  const std::vector<std::int64_t> shape = settings.at("shape");
  const at::Tensor noise = oracle::Noise(c.seed(), settings.at("input_name").get<std::string>(), shape);
  const at::Tensor x = (noise * 0.5 + 0.5).to(at::kFloat).to(c.type());
  {
    const at::NoGradGuard no_grad;
    c.Check("eval_features", net->Forward(x, false));
  }
  const at::Tensor features = net->Forward(x, true);
  const at::Tensor loss = features.square().sum();
  loss.backward();
  c.Check("train_features", features.detach());
  c.Check("loss", loss.item<double>());

  std::map<std::string, at::Tensor> tensors;
  for (const StateEntry& entry : state) tensors[entry.name] = entry.tensor;
  std::vector<at::Tensor> norms, gradients, statistics;
  std::vector<std::int64_t> gradient_sizes, statistic_sizes;
  for (const std::string name : settings.at("parameter_names")) {
    const at::Tensor gradient = tensors.at(name).grad();
    norms.push_back(gradient.to(at::kDouble).norm());
    gradients.push_back(oracle::Summary(gradient));
    gradient_sizes.push_back(gradient.numel());
  }
  for (const std::string name : settings.at("buffer_names")) {
    statistics.push_back(oracle::Summary(tensors.at(name)));
    statistic_sizes.push_back(tensors.at(name).numel());
  }
  c.Check("grad_norms", at::stack(norms));
  c.Check("grad_summaries", at::stack(gradients), gradient_sizes);
  c.Check("running_summaries", at::stack(statistics), statistic_sizes);
  for (const std::string& label : c.OutputLabels()) {
    if (label.rfind("bn1.", 0) == 0) c.Check(label, tensors.at(label));
    const bool single = label.rfind("grad_", 0) == 0 && label != "grad_norms" && label != "grad_summaries";
    if (single) c.Check(label, tensors.at(label.substr(5)).grad());
  }
  EXPECT_EQ(tensors.at("bn1.num_batches_tracked").item<std::int64_t>(), 1);
}

TEST(ResNetOracle, Encoders) {
  oracle::Runner runner("encoders");
  runner.On("rn", CheckEncoder);
  runner.Run();
}

TEST(ResNet, StartsWithZeroInTheLastNormOfEveryBlock) {
  const auto alone = MakeLocalCollective();
  const auto [net, state] = Make(18, 0.125, "cifar", HeNormal(1), *alone);
  for (const StateEntry& entry : state) {
    const bool norm_weight = entry.trained && entry.tensor.dim() == 1 && entry.name.ends_with("weight");
    if (!norm_weight) continue;
    const bool last = entry.name.ends_with(".bn2.weight");
    EXPECT_TRUE(at::equal(entry.tensor, at::full_like(entry.tensor, last ? 0 : 1))) << entry.name;
  }
}

TEST(ResNetShape, ScalesEveryChannelCount) {
  EXPECT_EQ(ResNetShapeOf("resnet18", 0.125)->features(), 64);
  EXPECT_EQ(ResNetShapeOf("resnet50", 0.25)->features(), 512);
  EXPECT_EQ(ResNetShapeOf("resnet18", 1.0 / 64)->base_channels, 1);
}

TEST(ResNetShape, NamesTheEncodersItKnows) {
  const auto shape = ResNetShapeOf("resnet19", 1);
  EXPECT_EQ(shape.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(shape.status().message()), HasSubstr("resnet101, resnet152, resnet18"));
}

TEST(ResNetShape, RefusesWidthsWithoutChannelsOrWithoutBound) {
  for (const double width : {0.0, -1.0, 0.001, 17.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(ResNetShapeOf("resnet18", width).status().code(), absl::StatusCode::kInvalidArgument) << width;
  }
}

}  // namespace
}  // namespace simclr::engine
