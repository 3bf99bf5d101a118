#pragma once

#include <memory>

#include "absl/time/time.h"
#include "engine/base/device.h"
#include "engine/distributed/collective.h"
#include "engine/distributed/gradient_averager.h"
#include "engine/loss/nt_xent.h"
#include "engine/model/simclr_model.h"
#include "engine/optim/optimizer.h"

namespace simclr::engine {

// What one step measured on this rank.
struct StepOutcome {
  double loss = 0;  // mean over the own rows; the mean over ranks is the global batch's
  ContrastMetrics contrast;
  double gradient_norm = 0;  // of the averaged gradients: equal on all ranks
  absl::Duration forward, gather, backward, reduce;
};

// One step of SimCLR on one rank's part of the global batch. Several ranks together take the step that one
// process takes on the whole batch. Throws what LibTorch throws. Not thread-safe.
class TrainStep {
 public:
  // All arguments outlive the object.
  TrainStep(SimclrModel& model, Optimizer& optimizer, Collective& collective, double temperature,
            Precision precision, const at::Device& device);

  // Forward and backward: `views` is (2n, 3, S, S) on the device, views a of all n images, then views b.
  // Afterwards every parameter's gradient is that of the global batch.
  StepOutcome ForwardBackward(const at::Tensor& views);
  // Changes the weights.
  void Update(double lr);

 private:
  // Embeddings of the global batch, (2N, D): all views a in rank order, then all views b.
  at::Tensor GatherViews(const at::Tensor& local) const;
  double GradientNorm() const;

  SimclrModel& model_;
  Optimizer& optimizer_;
  Collective& collective_;
  const NtXentOptions loss_;
  const Precision precision_;
  const at::Device device_;
  const NamedTensors parameters_;
  GradientAverager averager_;
};

}  // namespace simclr::engine
