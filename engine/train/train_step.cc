#include "engine/train/train_step.h"

#include <cmath>
#include <vector>

#include "common/base/clock.h"
#include "engine/distributed/gather.h"
#include "engine/train/precision.h"

namespace simclr::engine {
namespace {

// Durations of consecutive parts, on a device that runs behind the host.
class PartTimer {
 public:
  explicit PartTimer(const at::Device& device) : device_(device), last_(RealClock().Monotonic()) {}

  absl::Duration Lap() {
    Synchronize(device_);
    const absl::Duration now = RealClock().Monotonic();
    const absl::Duration lap = now - last_;
    last_ = now;
    return lap;
  }

 private:
  const at::Device device_;
  absl::Duration last_;
};

}  // namespace

TrainStep::TrainStep(SimclrModel& model, Optimizer& optimizer, Collective& collective, double temperature,
                     Precision precision, const at::Device& device)
    : model_(model),
      optimizer_(optimizer),
      collective_(collective),
      loss_{.temperature = temperature},
      precision_(precision),
      device_(device),
      parameters_(model.Parameters()),
      averager_(parameters_, collective) {}

StepOutcome TrainStep::ForwardBackward(const at::Tensor& views) {
  StepOutcome outcome;
  averager_.Begin();
  PartTimer timer(device_);
  at::Tensor z;
  {
    const AutocastScope autocast(precision_, device_);
    z = model_.Forward(views).z.to(WeightType(precision_));
  }
  outcome.forward = timer.Lap();
  const at::Tensor all = GatherViews(z);
  outcome.gather = timer.Lap();
  const std::int64_t n = views.size(0) / 2;
  const std::int64_t first = collective_.rank() * n;
  const at::Tensor loss = NtXent(all, first, n, loss_);
  outcome.loss = loss.item<double>();
  outcome.contrast = MeasureContrast(all.detach(), first, n, loss_);
  outcome.forward += timer.Lap();
  loss.backward();
  outcome.backward = timer.Lap();
  outcome.reduce = absl::Seconds(averager_.Finish());
  outcome.gradient_norm = GradientNorm();
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
