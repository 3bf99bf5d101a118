#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/base/named_tensor.h"
#include "engine/optim/optimizer.h"

namespace simclr::engine {

struct MomentumOptions {
  double momentum = 0.9;
  double weight_decay = 0;
  bool nesterov = false;
  // Parameters with one dimension or none get no weight decay and, in LARS, no adaptation.
  bool exclude_one_dimensional = true;
};

struct LarsOptions {
  MomentumOptions base;
  double trust_coefficient = 0.001;
};

// Parameters that are stepped together by multi-tensor operations: on a GPU all at once (few kernels), on a
// CPU one at a time (its numbers stay in the cache). All of a group are excluded, or none.
struct ParameterGroup {
  std::vector<at::Tensor> weights, momenta;
  std::vector<std::string> names;
  bool excluded = false;

  // Throws c10::Error for a parameter without gradient.
  std::vector<at::Tensor> Gradients() const;
};

// What both optimizers share: groups, momentum buffers and their names. Not thread-safe.
class MomentumOptimizer : public Optimizer {
 public:
  MomentumOptimizer(const MomentumOptions& options, const NamedTensors& parameters);

  void Step(double lr) final;
  NamedTensors State() const final;

 protected:
  // `decayed` are the gradients with weight decay, to be used up.
  virtual void StepGroup(ParameterGroup& group, std::vector<at::Tensor> decayed, double lr) = 0;

  const MomentumOptions options_;

 private:
  std::vector<ParameterGroup> groups_;
  NamedTensors state_;
};

class Sgd final : public MomentumOptimizer {
 public:
  using MomentumOptimizer::MomentumOptimizer;

 private:
  void StepGroup(ParameterGroup& group, std::vector<at::Tensor> decayed, double lr) override;
};

class Lars final : public MomentumOptimizer {
 public:
  Lars(const LarsOptions& options, const NamedTensors& parameters);

  // The trust ratio of each adapted parameter in the last step, by name: scalars on its device.
  const std::map<std::string, at::Tensor>& trust_ratios() const { return trust_ratios_; }

 private:
  void StepGroup(ParameterGroup& group, std::vector<at::Tensor> decayed, double lr) override;
  // One ratio a parameter of the group.
  at::Tensor ComputeTrust(const ParameterGroup& group, const std::vector<at::Tensor>& decayed) const;

  const double trust_coefficient_;
  std::map<std::string, at::Tensor> trust_ratios_;
};

}  // namespace simclr::engine
