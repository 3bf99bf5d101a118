#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/config/job_config.h"
#include "engine/distributed/collective.h"
#include "engine/model/norm.h"
#include "engine/model/weight_init.h"

namespace simclr::engine {

// INVALID_ARGUMENT where `head` asks for something that does not exist; names the field.
absl::Status CheckHead(const HeadConfig& head);

// g: none (z = h), linear (one layer), or mlp (2 or 3 layers with ReLU between). A layer is linear, norm; the
// last norm has a scale only (its bias is a buffer of zeros) and can be off. Not thread-safe.
class ProjectionHead {
 public:
  ProjectionHead(const HeadConfig& head, std::int64_t features, const WeightSource& weights,
                 Collective& norm_group);

  // (m, features) -> (m, outputs), in fp32 at least.
  at::Tensor Forward(const at::Tensor& h, bool training);
  // Names begin with "layers.<i>.".
  void AppendState(const std::string& prefix, ModuleState& state) const;
  std::int64_t outputs() const { return outputs_; }

 private:
  struct Layer {
    at::Tensor weight;           // (out, in)
    at::Tensor bias;             // undefined: none
    std::unique_ptr<Norm> norm;  // null: none
  };

  std::vector<Layer> layers_;
  std::int64_t outputs_;
};

}  // namespace simclr::engine
