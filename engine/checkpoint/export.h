#pragma once

#include <string>

#include "absl/status/status.h"
#include "common/storage/artifact_store.h"
#include "engine/base/named_tensor.h"
#include "engine/checkpoint/encoder_config.h"

namespace simclr::engine {

// Writes an encoder that others can use, as one artifact `name`:
//   model.safetensors  float32, torchvision's names
//   head.safetensors   layers.<i>.linear.{weight,bias},
//   layers.<i>.norm.{weight,bias,running_mean,running_var};
//                      a norm without offset has bias 0. Absent where there is no head.
//   config.json        see EncoderConfig
//   encoder.py         load() returns the encoder as a torchvision ResNet
absl::Status ExportEncoder(ArtifactStore& store, const std::string& name, const EncoderConfig& config,
                           const NamedTensors& encoder, const NamedTensors& head);

}  // namespace simclr::engine
