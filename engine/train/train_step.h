#pragma once

#include <memory>
#include <optional>

#include "engine/base/device.h"
#include "engine/distributed/collective.h"
#include "engine/distributed/gradient_averager.h"
#include "engine/eval/collapse_gauges.h"
#include "engine/loss/nt_xent.h"
#include "engine/model/simclr_model.h"
#include "engine/optim/optimizer.h"
#include "engine/train/part_timer.h"

namespace simclr::engine {

// What one step measured on this rank.
struct StepOutcome {
  double loss = 0;  // mean over the own rows; the mean over ranks is the global batch's
  ContrastMetrics contrast;
  double gradient_norm = 0;  // of the averaged gradients: equal on all ranks
  StepParts parts;           // from forward to norm_sync
  std::optional<CollapseGauges> collapse;
};

// What a step measures beside the loss, the gradient norm and its parts.
struct StepMeasuring {
  bool contrast = true;   // accuracy and entropy of the contrastive task
  bool collapse = false;  // the collapse gauges
};

// One step of SimCLR on one rank's part of the global batch. Several ranks together take the step that one
// process takes on the whole batch. Throws what LibTorch throws. Not thread-safe.
class TrainStep {
 public:
  // All arguments outlive the object. `norm` is the group that carries the model's batch-norm statistics.
  TrainStep(SimclrModel& model, Optimizer& optimizer, Collective& collective, const Collective& norm,
            double temperature, Precision precision, const at::Device& device);

  // Forward and backward: `views` is (2n, 3, S, S) on the device, views a of all n images, then views b.
  // Afterwards every parameter's gradient is that of the global batch.
  StepOutcome ForwardBackward(const at::Tensor& views, const StepMeasuring& measuring = {});
  // Changes the weights.
  void Update(double lr);

 private:
  // Embeddings of the global batch, (2N, D): all views a in rank order, then all views b.
  at::Tensor GatherViews(const at::Tensor& local) const;
  double GradientNorm() const;

  SimclrModel& model_;
  Optimizer& optimizer_;
  Collective& collective_;
  const Collective& norm_;
  const NtXentOptions loss_;
  const Precision precision_;
  const at::Device device_;
  const NamedTensors parameters_;
  GradientAverager averager_;
};

}  // namespace simclr::engine
