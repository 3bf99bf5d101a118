#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/train/precision.h"
#include "engine/train/train_step.h"
#include "gtest/gtest.h"
#include "tests/support/oracle.h"
#include "tests/support/ranks.h"

namespace simclr::engine {
namespace {

using ::simclr::testing::ExpectAllPassed;
using ::simclr::testing::RankContext;
using ::simclr::testing::RunRanks;

// "main" or "small": the part of the manifest that describes network and weights of a case.
const nlohmann::json& PartOf(const oracle::Case& c) {
  return c.manifest().at(c.id().substr(0, c.id().find('/')));
}

// The oracle calls the head's layers fc1, bn1, fc2, bn2.
std::string OurName(const std::string& name) {
  return absl::StrReplaceAll(name, {{"head.fc1", "head.layers.0.linear"},
                                    {"head.bn1", "head.layers.0.norm"},
                                    {"head.fc2", "head.layers.1.linear"},
                                    {"head.bn2", "head.layers.1.norm"}});
}

std::map<std::string, at::Tensor> StateByName(const SimclrModel& model) {
  std::map<std::string, at::Tensor> state;
  for (const NamedTensor& entry : model.State()) state[entry.name] = entry.tensor;
  for (const NamedTensor& entry : model.Parameters()) state[entry.name] = entry.tensor;
  return state;
}

// Network, optimizer and batch of a case, as one rank has them.
class ParityRun {
 public:
  ParityRun(oracle::Case& c, Collective& group, Collective& norm_group)
      : part_(PartOf(c)), rank_(group.rank()), world_size_(group.world_size()), lr_(c.settings().at("lr")) {
    ModelConfig config;
    config.encoder = "resnet18";
    config.width = part_.at("base_width").get<double>() / 64;
    config.stem = Stem::kCifar;
    config.head.out = part_.at("out_dim");
    model_ = *SimclrModel::Create(config, 1, &norm_group);
    const Precision precision = c.fp64() ? Precision::kFp64 : Precision::kFp32;
    model_->To(at::kCPU, WeightType(precision));
    state_ = StateByName(*model_);
    FillWeights();
    optimizer_ = MakeOptimizer(OptimizerOf(c.settings()), model_->Parameters());
    step_ = std::make_unique<TrainStep>(*model_, *optimizer_, group, norm_group,
                                        c.settings().at("temperature"), precision, at::kCPU);
    views_ = RankViews(c);
  }

  StepOutcome Forward() { return step_->ForwardBackward(views_); }
  void Update() { step_->Update(lr_); }

  at::Tensor GradientNorms() const {
    std::vector<at::Tensor> norms;
    for (const auto& entry : part_.at("parameters")) {
      norms.push_back(State(entry[0]).grad().to(at::kDouble).norm());
    }
    return at::stack(norms);
  }
  at::Tensor ParameterRows() const {
    std::vector<at::Tensor> rows;
    for (const auto& entry : part_.at("parameters"))
      rows.push_back(oracle::Summary(State(entry[0]).detach()));
    return at::stack(rows);
  }
  at::Tensor BufferRows() const {
    std::vector<at::Tensor> rows;
    for (const auto& name : part_.at("buffers")) rows.push_back(oracle::Summary(State(name)));
    return at::stack(rows);
  }
  std::vector<std::int64_t> ParameterSizes() const {
    std::vector<std::int64_t> sizes;
    for (const auto& entry : part_.at("parameters")) sizes.push_back(State(entry[0]).numel());
    return sizes;
  }
  std::vector<std::int64_t> BufferSizes() const {
    std::vector<std::int64_t> sizes;
    for (const auto& name : part_.at("buffers")) sizes.push_back(State(name).numel());
    return sizes;
  }
  ModelOutput Output() {
    const at::NoGradGuard no_grad;
    return model_->Forward(views_);
  }

 private:
  static OptimizerConfig OptimizerOf(const nlohmann::json& settings) {
    OptimizerConfig config;
    const bool lars = settings.at("optimizer") == "lars";
    config.kind = lars ? OptimizerKind::kLars : OptimizerKind::kSgd;
    config.momentum = lars ? settings.at("momentum").get<double>() : 0;
    config.weight_decay = lars ? settings.at("weight_decay").get<double>() : 0;
    return config;
  }

  const at::Tensor& State(const std::string& oracle_name) const { return state_.at(OurName(oracle_name)); }

  void FillWeights() {
    const at::NoGradGuard no_grad;
    for (const auto& entry : part_.at("parameters")) {
      const at::Tensor& ours = State(entry[0]);
      at::Tensor(ours).copy_(oracle::FormulaState(part_.at("weight_seed"), entry[0], ours.sizes(), false));
    }
    for (const auto& name : part_.at("buffers")) {
      const at::Tensor& ours = State(name);
      at::Tensor(ours).copy_(oracle::FormulaState(part_.at("weight_seed"), name, ours.sizes(), false));
    }
  }

  at::Tensor RankViews(oracle::Case& c) const {
    const at::Tensor images = c.Input("images");
    const std::int64_t n = images.size(0) / world_size_;
    const at::Tensor a = images.narrow(0, rank_ * n, n).to(c.type()) / 255;
    return at::cat({a, a.flip(3)}).contiguous(at::MemoryFormat::ChannelsLast);
  }

  const nlohmann::json& part_;
  const int rank_, world_size_;
  const double lr_;
  std::unique_ptr<SimclrModel> model_;
  std::map<std::string, at::Tensor> state_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<TrainStep> step_;
  at::Tensor views_;
};

bool StoredInFp32(const oracle::Case& c) {
  return c.settings().at("precision") == "fp32";
}

// Walks the steps of a case and compares everything that one rank can see.
void CheckRun(oracle::Case& c, Collective& group, Collective& norm_group) {
  if (StoredInFp32(c) && c.fp64()) return;  // kept to show the size of rounding
  ParityRun run(c, group, norm_group);
  std::vector<double> losses, rank_losses;
  std::vector<at::Tensor> norms, parameters, buffers;
  const int steps = c.settings().at("steps");
  for (int step = 0; step <= steps; ++step) {
    const StepOutcome outcome = run.Forward();
    at::Tensor loss = at::full({1}, outcome.loss, at::kDouble);
    group.AllReduceSum(loss);
    losses.push_back(loss.item<double>() / group.world_size());
    if (step == steps) break;
    rank_losses.push_back(outcome.loss);
    norms.push_back(run.GradientNorms());
    run.Update();
    parameters.push_back(run.ParameterRows());
    buffers.push_back(run.BufferRows());
  }
  c.Check("loss", at::tensor(losses, at::kDouble));
  c.Check("grad_norms", at::stack(norms));
  c.Check("parameters", at::stack(parameters), run.ParameterSizes());
  c.Check("buffers", at::stack(buffers), run.BufferSizes());
  if (StoredInFp32(c) || !c.fp64()) return;
  for (const int world_size : {2, 4}) {
    const std::string label = absl::StrCat("rank_losses_", world_size);
    const at::Tensor expected = c.Reference(label);
    if (world_size != group.world_size()) continue;
    EXPECT_TRUE(
        at::allclose(at::tensor(rank_losses, at::kDouble), expected.select(1, group.rank()), 1e-10, 1e-12))
        << c.id() << " rank " << group.rank();
  }
}

void CheckActivations(oracle::Case& c, Collective& group, Collective& norm_group) {
  if (StoredInFp32(c) || !c.fp64()) return;
  const ModelOutput output = ParityRun(c, group, norm_group).Output();
  if (group.world_size() > 1) {
    c.Reference("first_features");
    c.Reference("first_embeddings");
    return;
  }
  c.Check("first_features", output.h);
  c.Check("first_embeddings", output.z);
}

void RunOracle(Collective& group, Collective& norm_group) {
  oracle::Runner runner("parity_run");
  runner.OnFormula("trace", [&](oracle::Case& c) {
    CheckRun(c, group, norm_group);
    CheckActivations(c, group, norm_group);
  });
  runner.Exclude("main/fingerprints", "losses of common mistakes, not targets");
  runner.Exclude("small/fingerprints", "losses of common mistakes, not targets");
  runner.Run();
}

TEST(Oracle, ParityRunInOneProcess) {
  at::set_num_threads(1);
  const auto group = MakeLocalCollective();
  const auto norm_group = MakeLocalCollective();
  RunOracle(*group, *norm_group);
}

class ParityRunOnRanks : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Oracle, ParityRunOnRanks, ::testing::Values(2, 4));

TEST_P(ParityRunOnRanks, AgreesRankByRank) {
  ExpectAllPassed(RunRanks(GetParam(), [](RankContext& context) {
    at::set_num_threads(1);
    const auto group = context.Group("main");
    const auto norm_group = context.Group("norm");
    RunOracle(*group, *norm_group);
  }));
}

}  // namespace
}  // namespace simclr::engine
