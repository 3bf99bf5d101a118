// NT-Xent forward and backward on the rows of one process. The argument is N, the number of images (2N rows
// of 128).

#include <benchmark/benchmark.h>

#include "engine/loss/nt_xent.h"

namespace simclr::engine {
namespace {

void LossAndGradient(benchmark::State& state) {
  const std::int64_t images = state.range(0);
  const at::Tensor z = at::randn({2 * images, 128}).requires_grad_();
  for ([[maybe_unused]] const auto _ : state) {
    z.mutable_grad().reset();
    NtXent(z, 0, images, {.temperature = 0.5}).backward();
    benchmark::DoNotOptimize(z.grad().data_ptr());
  }
  state.SetItemsProcessed(state.iterations() * images);
}
BENCHMARK(LossAndGradient)->Arg(256)->Arg(1024)->Arg(4096)->Unit(benchmark::kMillisecond)->UseRealTime();

// What one of eight ranks computes: its own rows against the whole batch.
void OneOfEightRanks(benchmark::State& state) {
  const std::int64_t images = state.range(0);
  const at::Tensor z = at::randn({2 * images, 128}).requires_grad_();
  for ([[maybe_unused]] const auto _ : state) {
    z.mutable_grad().reset();
    NtXent(z, 0, images / 8, {.temperature = 0.5}).backward();
    benchmark::DoNotOptimize(z.grad().data_ptr());
  }
  state.SetItemsProcessed(state.iterations() * images / 8);
}
BENCHMARK(OneOfEightRanks)->Arg(1024)->Arg(4096)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace simclr::engine

BENCHMARK_MAIN();
