// One step of the optimizers on 28 million parameters in 163 tensors, about a ResNet-50 with its head.

#include <benchmark/benchmark.h>

#include "absl/strings/str_cat.h"
#include "engine/optim/optimizer.h"

namespace simclr::engine {
namespace {

NamedTensors Parameters() {
  NamedTensors parameters;
  const auto add = [&](at::IntArrayRef shape) {
    at::Tensor weight = at::randn(shape).requires_grad_();
    weight.mutable_grad() = at::randn(shape);
    parameters.push_back({absl::StrCat("p", parameters.size()), weight});
  };
  for (int i = 0; i < 54; ++i) {
    add({512, 112, 3, 3});
    add({512});
    add({512});
  }
  add({128, 2048});
  return parameters;
}

void Step(benchmark::State& state, OptimizerKind kind) {
  const NamedTensors parameters = Parameters();
  const std::unique_ptr<Optimizer> optimizer = MakeOptimizer({.kind = kind}, parameters);
  for ([[maybe_unused]] const auto _ : state) optimizer->Step(0.01);
}
BENCHMARK_CAPTURE(Step, lars, OptimizerKind::kLars)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(Step, sgd, OptimizerKind::kSgd)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace simclr::engine

BENCHMARK_MAIN();
