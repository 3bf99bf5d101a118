#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/optim/lr_schedule.h"
#include "engine/optim/momentum_optimizers.h"
#include "tests/support/oracle.h"

namespace simclr::engine {
namespace {

using oracle::Case;

MomentumOptions OptionsOf(const Case& c) {
  const auto& settings = c.settings();
  return {settings.at("momentum"), settings.at("weight_decay"), settings.at("nesterov"),
          !settings.value("excluded", nlohmann::json::array()).empty()};
}

// Every parameter of the case, in the precision of the pass.
NamedTensors ParametersOf(const Case& c) {
  NamedTensors parameters;
  for (const auto& [label, tensor] : c.json().at("inputs").items()) {
    absl::string_view name = label;
    if (absl::ConsumePrefix(&name, "w0/"))
      parameters.push_back({std::string(name), c.Input(label).requires_grad_()});
  }
  return parameters;
}

// One row a step of what the optimizer has after it.
using Trace = std::map<std::string, std::vector<at::Tensor>>;

void Record(Trace& trace, const NamedTensors& parameters, const Optimizer& optimizer) {
  const NamedTensors state = optimizer.State();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    trace[parameters[i].name + "/w"].push_back(parameters[i].tensor.detach().clone());
    trace[parameters[i].name + "/momentum"].push_back(state[i].tensor.clone());
  }
  if (const auto* lars = dynamic_cast<const Lars*>(&optimizer)) {
    for (const NamedTensor& parameter : parameters) {
      const auto ratio = lars->trust_ratios().find(parameter.name);
      const at::Tensor excluded = at::ones({}, parameter.tensor.options().requires_grad(false));
      trace[parameter.name + "/trust"].push_back(ratio == lars->trust_ratios().end() ? excluded
                                                                                     : ratio->second.clone());
    }
  }
}

void CheckTrace(Case& c, Optimizer& optimizer, const NamedTensors& parameters) {
  const std::vector<double> lr = c.settings().at("lr");
  Trace trace;
  for (std::size_t step = 0; step < lr.size(); ++step) {
    for (const NamedTensor& parameter : parameters) {
      parameter.tensor.mutable_grad() = c.Input(absl::StrCat("grad", step, "/", parameter.name));
    }
    optimizer.Step(lr[step]);
    Record(trace, parameters, optimizer);
  }
  for (const std::string& label : c.OutputLabels()) c.Check(label, at::stack(trace.at(label)));
}

void CheckLars(Case& c) {
  const NamedTensors parameters = ParametersOf(c);
  Lars lars({OptionsOf(c), c.settings().at("eeta")}, parameters);
  CheckTrace(c, lars, parameters);
}

void CheckSgd(Case& c) {
  const NamedTensors parameters = ParametersOf(c);
  Sgd sgd(OptionsOf(c), parameters);
  CheckTrace(c, sgd, parameters);
}

// One vector that is adapted although it has one dimension, and the gradients as rows of one input.
void CheckExample(Case& c) {
  const NamedTensors parameters = {{"w", c.Input("w0").requires_grad_()}};
  MomentumOptions options = OptionsOf(c);
  options.exclude_one_dimensional = false;
  Lars lars({options, c.settings().at("eeta")}, parameters);
  const std::vector<double> lr = c.settings().at("lr");
  const at::Tensor gradients = c.Input("grads");
  Trace trace;
  for (std::size_t step = 0; step < lr.size(); ++step) {
    parameters[0].tensor.mutable_grad() = gradients[static_cast<std::int64_t>(step)].clone();
    lars.Step(lr[step]);
    Record(trace, parameters, lars);
  }
  for (const std::string& label : c.OutputLabels()) c.Check(label, at::stack(trace.at("w/" + label)));
}

LrScaling ScalingOf(const std::string& word) {
  return word == "sqrt" ? LrScaling::kSqrt : LrScaling::kLinear;
}

void CheckSchedule(Case& c) {
  const auto& settings = c.settings();
  const std::int64_t images = settings.at("images"), epochs = settings.at("epochs"),
                     batch = settings.at("batch");
  LrSchedule schedule;
  schedule.peak =
      ScaledLr(settings.at("base_lr"), ScalingOf(settings.at("scaling")), static_cast<int>(batch));
  schedule.warmup_steps = WarmupSteps(settings.at("warmup_epochs"), images, static_cast<int>(batch));
  schedule.total_steps = images * epochs / batch + 1;  // the official horizon
  c.Check("peak", schedule.peak);
  c.Check("warmup_steps", static_cast<double>(schedule.warmup_steps));
  c.Check("total_steps", static_cast<double>(schedule.total_steps));
  const at::Tensor steps = c.Reference("steps");
  at::Tensor lr = at::empty({steps.numel()}, at::kDouble);
  for (std::int64_t i = 0; i < steps.numel(); ++i) lr[i] = schedule.At(steps[i].item<std::int64_t>());
  c.Check("lr", lr);
}

void CheckScaling(Case& c) {
  at::Tensor table = c.Reference("table").clone();
  for (std::int64_t i = 0; i < table.size(0); ++i) {
    const int batch = static_cast<int>(table[i][0].item<double>());
    table[i][1] = ScaledLr(c.settings().at("linear_base"), LrScaling::kLinear, batch);
    table[i][2] = ScaledLr(c.settings().at("sqrt_base"), LrScaling::kSqrt, batch);
  }
  c.Check("table", table);
}

TEST(Oracle, Optimizers) {
  oracle::Runner runner("optimizers");
  runner.On("lars_classic", CheckLars);
  runner.On("lars_example/classic", CheckExample);
  runner.On("sgd", CheckSgd);
  runner.On("schedule/", CheckSchedule);
  runner.On("lr_scaling", CheckScaling);
  runner.ExcludeFormula("lars_popular", "LARS in the popular order");
  runner.ExcludeFormula("lars_sum_of_norms", "LARS with the sum of norms");
  runner.ExcludeFormula("adam", "Adam");
  runner.ExcludeFormula("adamw", "AdamW");
  runner.Run();
}

}  // namespace
}  // namespace simclr::engine
