// One rank's training step (forward, NT-Xent, backward, LARS) on views that lie in memory, under the control
// of a peer program that wants to interleave its own steps: each line on standard input makes the program
// take `steps` steps and answer with the seconds that they took. bench/peer_train_step.py is that peer.

#include <iostream>
#include <string>

#include "absl/time/clock.h"
#include "bench/bench_step.h"

namespace simclr::engine {
namespace {

void Serve(const BenchShape& shape) {
  BenchStep step(shape);
  for (std::string line; std::getline(std::cin, line);) {
    const absl::Time start = absl::Now();
    for (int i = 0; i < shape.steps; ++i) {
      step.ForwardBackward();
      step.Update();
    }
    std::cout << absl::ToDoubleSeconds(absl::Now() - start) << std::endl;
  }
}

}  // namespace
}  // namespace simclr::engine

// train_step [WIDTH BATCH IMAGE_SIZE THREADS STEPS]
int main(int argc, char** argv) {
  simclr::engine::Serve(simclr::engine::ReadShape(argc, argv, {.batch = 128, .steps = 5}));
}
