#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/config/job_config.h"

namespace simclr::engine {

// config.json of an export: what one must know to use the encoder, and where it comes from. The top level is
// what timm reads of a local directory; the `simclr` object is what this project and encoder.py read.
struct EncoderConfig {
  std::string encoder = "resnet50";
  double width = 1;
  Stem stem = Stem::kImagenet;
  NormKind norm = NormKind::kGlobalBn;
  bool zero_init_gamma = true;
  int features = 2048;
  int image_size = 224;  // pixels enter as RGB in [0, 1], without mean and deviation

  // The images that it was trained on, so that an evaluation can take the same split.
  std::string source;
  int limit_per_class = 0;
  double holdout = 0;
  std::uint64_t seed = 1;
};

EncoderConfig DescribeEncoder(const JobConfig& job, int features);
// The part of a model's configuration that the encoder needs; the head is left at its default.
ModelConfig EncoderModel(const EncoderConfig& config);

std::string EncodeEncoderConfig(const EncoderConfig& config);
// INVALID_ARGUMENT where a field is missing or unknown; it names the field.
absl::StatusOr<EncoderConfig> DecodeEncoderConfig(absl::string_view json);

}  // namespace simclr::engine
