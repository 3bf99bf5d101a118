#pragma once

#include <cstdint>
#include <string>

#include "engine/base/device_kind.h"

namespace simclr::engine {

// What a job asks of the engine, as plain values with every default filled in. Field by field the job file of
// docs/job-file.md; enum words are those of the file.

enum class JobKind { kPretrain, kLinearEval };
enum class Interpolation { kBilinear, kBicubic };
enum class NormKind { kGlobalBn, kLocalBn, kLayerNorm, kNone };  // kNone: heads only
enum class Stem { kImagenet, kCifar };
enum class HeadKind { kMlp, kLinear, kNone };
enum class OptimizerKind { kLars, kSgd };
enum class LrScaling { kLinear, kSqrt, kNone };
enum class LrScheduleKind { kCosine, kConstant };
enum class PrecisionChoice { kAuto, kFp32, kBf16, kFp64 };
enum class LinearEvalMode { kCached, kAugmented };

struct DataConfig {
  std::string source;
  std::string test;
  int image_size = 224;
  int limit_per_class = 0;  // 0: all
  double holdout = 0;       // fraction of each class, [0, 1)
  double max_bad_share = 0.01;
  std::int64_t cache_bytes = 0;  // 0: a quarter of the memory, shared by the machine's slots
  int loader_threads = 0;        // 0: the trainer's share of the cores
};

struct AugmentConfig {
  bool none = false;  // both views are the evaluation transform
  bool crop = true;
  double min_area = 0.08, max_area = 1.0;  // fraction of the image
  double min_aspect = 3.0 / 4, max_aspect = 4.0 / 3;
  Interpolation interpolation = Interpolation::kBilinear;
  double flip_probability = 0.5;
  double jitter_probability = 0.8;
  double brightness = 0.8, contrast = 0.8, saturation = 0.8, hue = 0.2;
  double gray_probability = 0.2;
  double blur_probability = 0.5;
  double min_sigma = 0.1, max_sigma = 2.0;  // pixels
};

struct HeadConfig {
  HeadKind kind = HeadKind::kMlp;
  int layers = 2;
  int out = 128;
  int hidden = 0;  // 0: width of h
  NormKind norm = NormKind::kGlobalBn;
  bool bias = false;
  bool last_norm = true;  // scale only
};

struct ModelConfig {
  std::string encoder = "resnet50";
  double width = 1;
  Stem stem = Stem::kImagenet;
  NormKind norm = NormKind::kGlobalBn;
  bool zero_init_gamma = true;
  HeadConfig head;
  std::string init;  // export directory or safetensors file; empty: random
};

struct OptimizerConfig {
  OptimizerKind kind = OptimizerKind::kLars;
  double lr = 0.3;
  LrScaling scaling = LrScaling::kLinear;
  double warmup_epochs = 10;
  LrScheduleKind schedule = LrScheduleKind::kCosine;
  double weight_decay = 1e-6;
  double momentum = 0.9;
  bool nesterov = false;
};

struct TrainConfig {
  int epochs = 100;
  int global_batch = 256;  // images, two views each
  PrecisionChoice precision = PrecisionChoice::kAuto;
  std::uint64_t seed = 1;
};

struct CheckpointConfig {
  int every_epochs = 1;
  double every_minutes = 10;
  int keep = 2;
};

struct LinearEvalConfig {
  LinearEvalMode mode = LinearEvalMode::kCached;
  int epochs = 90;
  double lr = 0.4;
  int batch = 1024;
  double weight_decay = 0;
  bool knn = true;
  bool baseline = true;
  bool save_features = false;
};

struct JobConfig {
  std::string name;
  JobKind kind = JobKind::kPretrain;
  DataConfig data;
  AugmentConfig augment;
  ModelConfig model;
  double temperature = 0.1;
  OptimizerConfig optimizer;
  TrainConfig train;
  CheckpointConfig checkpoint;
  LinearEvalConfig linear_eval;
};

}  // namespace simclr::engine
