#include "engine/train/train_step.h"

#include <cmath>
#include <vector>

#include "engine/distributed/gather.h"
#include "engine/train/precision.h"

namespace simclr::engine {
TrainStep::TrainStep(SimclrModel& model, Optimizer& optimizer, Collective& collective, const Collective& norm,
                     double temperature, Precision precision, const at::Device& device)
    : model_(model),
      optimizer_(optimizer),
      collective_(collective),
      norm_(norm),
      loss_{.temperature = temperature},
      precision_(precision),
      device_(device),
      parameters_(model.Parameters()),
      averager_(parameters_, collective) {}

StepOutcome TrainStep::ForwardBackward(const at::Tensor& views, const StepMeasuring& measuring) {
  StepOutcome outcome;
  StepParts& parts = outcome.parts;
  averager_.Begin();
  const absl::Duration norm_waited = norm_.waited();
  PartTimer timer(device_, norm_);
  ModelOutput output;
  {
    const AutocastScope autocast(precision_, device_);
    output = model_.Forward(views);
  }
  const at::Tensor z = output.z.to(WeightType(precision_));
  parts.forward = timer.Lap();
  const at::Tensor all = GatherViews(z);
  parts.gather = timer.Lap();
  const std::int64_t n = views.size(0) / 2;
  const std::int64_t first = collective_.rank() * n;
  const at::Tensor loss = NtXent(all, first, n, loss_);
  outcome.loss = loss.item<double>();
  if (measuring.contrast) outcome.contrast = MeasureContrast(all.detach(), first, n, loss_);
  parts.forward += timer.Lap();
  loss.backward();
  parts.backward = timer.Lap();
  averager_.Finish();
  parts.reduce = timer.Lap();
  parts.norm_sync = norm_.waited() - norm_waited;
  outcome.gradient_norm = GradientNorm();
  if (measuring.collapse) outcome.collapse = MeasureCollapse(all, output.h);
  return outcome;
}

void TrainStep::Update(double lr) {
  optimizer_.Step(lr);
}

at::Tensor TrainStep::GatherViews(const at::Tensor& local) const {
  const std::int64_t n = local.size(0) / 2;
  const std::int64_t width = local.size(1);
  const at::Tensor pairs = local.view({2, n, width}).transpose(0, 1).contiguous();
  return GatherWithGrad(pairs, collective_).transpose(0, 1).reshape({-1, width});
}

double TrainStep::GradientNorm() const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> norms;
  for (const NamedTensor& parameter : parameters_) {
    norms.push_back(at::linalg_vector_norm(parameter.tensor.grad(), 2));
  }
  return at::linalg_vector_norm(at::stack(norms), 2).item<double>();
}

}  // namespace simclr::engine
