#include "engine/checkpoint/encoder_config.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "absl/strings/str_cat.h"

namespace simclr::engine {
namespace {

using Json = nlohmann::ordered_json;

const char* StemWord(Stem stem) {
  return stem == Stem::kCifar ? "cifar" : "imagenet";
}

Stem ParseStem(const std::string& word) {
  if (word == "cifar") return Stem::kCifar;
  if (word == "imagenet") return Stem::kImagenet;
  throw std::invalid_argument("unknown stem '" + word + "'");
}

const char* NormWord(NormKind norm) {
  switch (norm) {
    case NormKind::kGlobalBn:
      return "global-bn";
    case NormKind::kLocalBn:
      return "local-bn";
    case NormKind::kLayerNorm:
      return "layer-norm";
    case NormKind::kNone:
      return "none";
  }
  return "none";
}

NormKind ParseNorm(const std::string& word) {
  for (NormKind norm : {NormKind::kGlobalBn, NormKind::kLocalBn, NormKind::kLayerNorm}) {
    if (word == NormWord(norm)) return norm;
  }
  throw std::invalid_argument("unknown norm '" + word + "'");
}

// What timm's `pretrained_cfg` wants to know.
Json TimmConfig(const EncoderConfig& config) {
  const int map = (config.image_size + 31) / 32;
  return {{"input_size", {3, config.image_size, config.image_size}},
          {"pool_size", {map, map}},
          {"mean", {0.0, 0.0, 0.0}},
          {"std", {1.0, 1.0, 1.0}},
          {"interpolation", "bilinear"},
          {"crop_pct", 1.0},
          {"crop_mode", "center"},
          {"num_classes", 0},
          {"first_conv", "conv1"},
          {"classifier", "fc"}};
}

}  // namespace

EncoderConfig DescribeEncoder(const JobConfig& job, int features) {
  EncoderConfig config;
  config.encoder = job.model.encoder;
  config.width = job.model.width;
  config.stem = job.model.stem;
  config.norm = job.model.norm;
  config.zero_init_gamma = job.model.zero_init_gamma;
  config.features = features;
  config.image_size = job.data.image_size;
  config.source = job.data.source;
  config.limit_per_class = job.data.limit_per_class;
  config.holdout = job.data.holdout;
  config.seed = job.train.seed;
  return config;
}

ModelConfig EncoderModel(const EncoderConfig& config) {
  ModelConfig model;
  model.encoder = config.encoder;
  model.width = config.width;
  model.stem = config.stem;
  model.norm = config.norm;
  model.zero_init_gamma = config.zero_init_gamma;
  model.head.kind = HeadKind::kNone;
  return model;
}

std::string EncodeEncoderConfig(const EncoderConfig& config) {
  const Json simclr = {{"encoder", config.encoder},
                       {"width", config.width},
                       {"stem", StemWord(config.stem)},
                       {"norm", NormWord(config.norm)},
                       {"zero_init_gamma", config.zero_init_gamma},
                       {"features", config.features},
                       {"image_size", config.image_size},
                       {"input_range", {0.0, 1.0}},
                       {"training_data",
                        {{"source", config.source},
                         {"limit_per_class", config.limit_per_class},
                         {"holdout", config.holdout},
                         {"seed", config.seed}}}};
  const Json json = {{"architecture", config.encoder},       {"num_classes", 0},
                     {"num_features", config.features},      {"global_pool", "avg"},
                     {"pretrained_cfg", TimmConfig(config)}, {"simclr", simclr}};
  return json.dump(2) + "\n";
}

absl::StatusOr<EncoderConfig> DecodeEncoderConfig(absl::string_view text) {
  try {
    const Json document = Json::parse(text.begin(), text.end());
    const Json& json = document.at("simclr");
    EncoderConfig config;
    config.encoder = json.at("encoder");
    config.width = json.at("width");
    config.stem = ParseStem(json.at("stem"));
    config.norm = ParseNorm(json.at("norm"));
    config.zero_init_gamma = json.at("zero_init_gamma");
    config.features = json.at("features");
    config.image_size = json.at("image_size");
    const Json& data = json.at("training_data");
    config.source = data.at("source");
    config.limit_per_class = data.at("limit_per_class");
    config.holdout = data.at("holdout");
    config.seed = data.at("seed");
    return config;
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("config.json does not describe an encoder of this project: ", error.what()));
  }
}

}  // namespace simclr::engine
