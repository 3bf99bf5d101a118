// One rank's training step (forward, NT-Xent, backward, LARS) on views that lie in memory, under the control
// of a peer program that wants to interleave its own steps: each line on standard input makes the program
// take `steps` steps and answer with the seconds that they took. bench/peer_train_step.py is that peer.

#include <cstdlib>
#include <iostream>
#include <string>

#include <ATen/Parallel.h>

#include "absl/time/clock.h"
#include "engine/model/simclr_model.h"
#include "engine/optim/optimizer.h"
#include "engine/train/train_step.h"

namespace simclr::engine {
namespace {

struct Shape {
  double width = 0.25;
  int batch = 128;  // images; two views each
  int image_size = 32;
  int threads = 1;
  int steps = 5;
};

int Serve(const Shape& shape) {
  at::set_num_threads(shape.threads);
  at::manual_seed(1);
  ModelConfig config;
  config.encoder = "resnet18";
  config.width = shape.width;
  config.stem = Stem::kCifar;
  const std::unique_ptr<Collective> alone = MakeLocalCollective();
  auto model = SimclrModel::Create(config, 1, alone.get());
  if (!model.ok()) {
    std::cerr << model.status() << "\n";
    return 1;
  }
  (*model)->To(at::kCPU, at::kFloat);
  (*model)->SetTraining(true);
  const std::unique_ptr<Optimizer> optimizer = MakeOptimizer(OptimizerConfig(), (*model)->Parameters());
  TrainStep step(**model, *optimizer, *alone, *alone, 0.5, Precision::kFp32, at::kCPU);
  const at::Tensor views = at::rand({2 * shape.batch, 3, shape.image_size, shape.image_size})
                               .contiguous(at::MemoryFormat::ChannelsLast);
  for (std::string line; std::getline(std::cin, line);) {
    const absl::Time start = absl::Now();
    for (int i = 0; i < shape.steps; ++i) {
      step.ForwardBackward(views);
      step.Update(0.1);
    }
    std::cout << absl::ToDoubleSeconds(absl::Now() - start) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace simclr::engine

// train_step [WIDTH BATCH IMAGE_SIZE THREADS STEPS]
int main(int argc, char** argv) {
  simclr::engine::Shape shape;
  if (argc > 1) shape.width = std::atof(argv[1]);
  if (argc > 2) shape.batch = std::atoi(argv[2]);
  if (argc > 3) shape.image_size = std::atoi(argv[3]);
  if (argc > 4) shape.threads = std::atoi(argv[4]);
  if (argc > 5) shape.steps = std::atoi(argv[5]);
  return simclr::engine::Serve(shape);
}
