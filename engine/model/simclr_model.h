#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/base/named_tensor.h"
#include "engine/config/job_config.h"
#include "engine/distributed/collective.h"

namespace simclr::engine {

struct ModelOutput {
  at::Tensor h;  // (m, features): the representation
  at::Tensor z;  // (m, out): embeddings, not normalised
};

// Encoder f and projection head g. Names of encoder tensors are torchvision's ("layer1.0.conv1.weight");
// those of the head are "head.layers.<i>.linear.weight", "head.layers.<i>.norm.weight" and so on. Not
// thread-safe.
class SimclrModel {
 public:
  // `norm_group` carries the statistics of global batch norm and must outlive the model; weights are drawn
  // from `seed` alone (keyed by name), so every rank starts equal. Does not read config.init: see
  // engine/checkpoint.
  static absl::StatusOr<std::unique_ptr<SimclrModel>> Create(const ModelConfig& config, std::uint64_t seed,
                                                             Collective* norm_group);
  ~SimclrModel();

  // Training mode uses and updates batch statistics; evaluation mode uses the running ones.
  ModelOutput Forward(const at::Tensor& images);
  at::Tensor Encode(const at::Tensor& images);
  void SetTraining(bool training);
  void To(const at::Device& device, at::ScalarType type);

  NamedTensors Parameters() const;    // of f, then of g
  NamedTensors EncoderState() const;  // parameters and buffers of f, torchvision's names and order
  NamedTensors HeadState() const;     // parameters and buffers of g, without the "head." prefix
  NamedTensors State() const;         // both, as in a checkpoint
  int features() const;               // length of h
  int outputs() const;                // length of z
  const ModelConfig& config() const;

 private:
  class Impl;
  explicit SimclrModel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Length of h for an encoder of that name and width: INVALID_ARGUMENT for an unknown name (it lists the known
// ones) or a width that leaves a stage without channels.
absl::StatusOr<int> EncoderFeatures(const std::string& encoder, double width);

}  // namespace simclr::engine
