#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>

#include <ATen/Parallel.h>

#include "engine/model/simclr_model.h"
#include "engine/optim/optimizer.h"
#include "engine/train/train_step.h"

namespace simclr::engine {

struct BenchShape {
  double width = 0.25;
  int batch = 64;  // images; two views each
  int image_size = 32;
  int threads = 1;
  int steps = 1;
};

// `[WIDTH BATCH IMAGE_SIZE THREADS STEPS]` of a command line; what is not given stays as in `shape`.
inline BenchShape ReadShape(int argc, char** argv, BenchShape shape) {
  if (argc > 1) shape.width = std::atof(argv[1]);
  if (argc > 2) shape.batch = std::atoi(argv[2]);
  if (argc > 3) shape.image_size = std::atoi(argv[3]);
  if (argc > 4) shape.threads = std::atoi(argv[4]);
  if (argc > 5) shape.steps = std::atoi(argv[5]);
  return shape;
}

// A training step that benchmarks measure: ResNet-18 with the CIFAR stem and LARS in fp32 on this CPU, one
// rank, views that lie in memory. Ends the program where the shape gives no model.
class BenchStep {
 public:
  explicit BenchStep(const BenchShape& shape) : alone_(MakeLocalCollective()) {
    at::set_num_threads(shape.threads);
    at::manual_seed(1);
    ModelConfig config;
    config.encoder = "resnet18";
    config.width = shape.width;
    config.stem = Stem::kCifar;
    auto model = SimclrModel::Create(config, 1, alone_.get());
    if (!model.ok()) {
      std::fprintf(stderr, "%s\n", model.status().ToString().c_str());
      std::exit(1);
    }
    model_ = *std::move(model);
    model_->To(at::kCPU, at::kFloat);
    model_->SetTraining(true);
    optimizer_ = MakeOptimizer(OptimizerConfig(), model_->Parameters());
    step_ =
        std::make_unique<TrainStep>(*model_, *optimizer_, *alone_, *alone_, 0.5, Precision::kFp32, at::kCPU);
    views_ = at::rand({2 * shape.batch, 3, shape.image_size, shape.image_size})
                 .contiguous(at::MemoryFormat::ChannelsLast);
  }

  StepOutcome ForwardBackward(const StepMeasuring& measuring = {}) {
    return step_->ForwardBackward(views_, measuring);
  }
  void Update() { step_->Update(0.1); }

 private:
  const std::unique_ptr<Collective> alone_;
  std::unique_ptr<SimclrModel> model_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<TrainStep> step_;
  at::Tensor views_;
};

}  // namespace simclr::engine
