#include "worker/trainer/convert_config.h"

namespace simclr::trainer {
namespace {

engine::DataConfig ToData(const v1::Data& data) {
  engine::DataConfig config;
  config.source = data.source();
  config.test = data.test();
  config.image_size = data.image_size();
  config.limit_per_class = data.limit_per_class();
  config.holdout = data.holdout();
  config.max_bad_share = data.max_bad_share();
  config.cache_bytes = data.cache_bytes();
  config.loader_threads = data.loader_threads();
  return config;
}

engine::AugmentConfig ToAugment(const v1::Augment& augment) {
  engine::AugmentConfig config;
  config.none = augment.preset() == v1::AUGMENT_PRESET_NONE && !augment.crop().enabled() &&
                augment.flip().probability() == 0 && augment.jitter().probability() == 0 &&
                augment.grayscale().probability() == 0 && augment.blur().probability() == 0;
  config.crop = augment.crop().enabled();
  config.min_area = augment.crop().min_area();
  config.max_area = augment.crop().max_area();
  config.min_aspect = augment.crop().min_aspect();
  config.max_aspect = augment.crop().max_aspect();
  config.interpolation = augment.crop().interpolation() == v1::INTERPOLATION_BICUBIC
                             ? engine::Interpolation::kBicubic
                             : engine::Interpolation::kBilinear;
  config.flip_probability = augment.flip().probability();
  config.jitter_probability = augment.jitter().probability();
  config.brightness = augment.jitter().brightness();
  config.contrast = augment.jitter().contrast();
  config.saturation = augment.jitter().saturation();
  config.hue = augment.jitter().hue();
  config.gray_probability = augment.grayscale().probability();
  config.blur_probability = augment.blur().probability();
  config.min_sigma = augment.blur().min_sigma();
  config.max_sigma = augment.blur().max_sigma();
  return config;
}

engine::NormKind ToNorm(v1::Norm norm) {
  switch (norm) {
    case v1::NORM_LOCAL_BN:
      return engine::NormKind::kLocalBn;
    case v1::NORM_LAYER_NORM:
      return engine::NormKind::kLayerNorm;
    default:
      return engine::NormKind::kGlobalBn;
  }
}

engine::NormKind ToHeadNorm(v1::HeadNorm norm) {
  switch (norm) {
    case v1::HEAD_NORM_LOCAL_BN:
      return engine::NormKind::kLocalBn;
    case v1::HEAD_NORM_LAYER_NORM:
      return engine::NormKind::kLayerNorm;
    case v1::HEAD_NORM_NONE:
      return engine::NormKind::kNone;
    default:
      return engine::NormKind::kGlobalBn;
  }
}

engine::HeadKind ToHeadKind(v1::HeadKind kind) {
  switch (kind) {
    case v1::HEAD_KIND_LINEAR:
      return engine::HeadKind::kLinear;
    case v1::HEAD_KIND_NONE:
      return engine::HeadKind::kNone;
    default:
      return engine::HeadKind::kMlp;
  }
}

engine::ModelConfig ToModel(const v1::Model& model) {
  engine::ModelConfig config;
  config.encoder = model.encoder();
  config.width = model.width();
  config.stem = model.stem() == v1::STEM_CIFAR ? engine::Stem::kCifar : engine::Stem::kImagenet;
  config.norm = ToNorm(model.norm());
  config.zero_init_gamma = model.zero_init_gamma();
  config.init = model.init();
  config.head.kind = ToHeadKind(model.head().kind());
  config.head.layers = model.head().layers();
  config.head.out = model.head().out();
  config.head.hidden = model.head().hidden();
  config.head.norm = ToHeadNorm(model.head().norm());
  config.head.bias = model.head().bias();
  config.head.last_norm = model.head().last_norm();
  return config;
}

engine::LrScaling ToScaling(v1::LrScaling scaling) {
  switch (scaling) {
    case v1::LR_SCALING_SQRT:
      return engine::LrScaling::kSqrt;
    case v1::LR_SCALING_NONE:
      return engine::LrScaling::kNone;
    default:
      return engine::LrScaling::kLinear;
  }
}

engine::OptimizerConfig ToOptimizer(const v1::Optimizer& optimizer) {
  engine::OptimizerConfig config;
  config.kind =
      optimizer.kind() == v1::OPTIMIZER_KIND_SGD ? engine::OptimizerKind::kSgd : engine::OptimizerKind::kLars;
  config.lr = optimizer.lr();
  config.scaling = ToScaling(optimizer.scaling());
  config.warmup_epochs = optimizer.warmup_epochs();
  config.schedule = optimizer.schedule() == v1::LR_SCHEDULE_CONSTANT ? engine::LrScheduleKind::kConstant
                                                                     : engine::LrScheduleKind::kCosine;
  config.weight_decay = optimizer.weight_decay();
  config.momentum = optimizer.momentum();
  config.nesterov = optimizer.nesterov();
  return config;
}

engine::PrecisionChoice ToPrecision(v1::Precision precision) {
  switch (precision) {
    case v1::PRECISION_FP32:
      return engine::PrecisionChoice::kFp32;
    case v1::PRECISION_BF16:
      return engine::PrecisionChoice::kBf16;
    case v1::PRECISION_FP64:
      return engine::PrecisionChoice::kFp64;
    default:
      return engine::PrecisionChoice::kAuto;
  }
}

engine::TrainConfig ToTrain(const v1::Train& train) {
  engine::TrainConfig config;
  config.epochs = train.epochs();
  config.global_batch = train.global_batch();
  config.precision = ToPrecision(train.precision());
  config.seed = train.seed();
  return config;
}

engine::LinearEvalConfig ToLinearEval(const v1::LinearEval& eval) {
  engine::LinearEvalConfig config;
  config.mode = eval.mode() == v1::LINEAR_EVAL_MODE_AUGMENTED ? engine::LinearEvalMode::kAugmented
                                                              : engine::LinearEvalMode::kCached;
  config.epochs = eval.epochs();
  config.lr = eval.lr();
  config.batch = eval.batch();
  config.weight_decay = eval.weight_decay();
  config.knn = eval.knn();
  config.baseline = eval.baseline();
  config.save_features = eval.save_features();
  return config;
}

}  // namespace

engine::JobConfig ToJobConfig(const v1::JobSpec& spec) {
  engine::JobConfig config;
  config.name = spec.name();
  config.data = ToData(spec.data());
  config.train = ToTrain(spec.train());
  if (spec.has_model()) config.model = ToModel(spec.model());
  if (spec.kind() == v1::JOB_KIND_LINEAR_EVAL) {
    config.kind = engine::JobKind::kLinearEval;
    config.linear_eval = ToLinearEval(spec.linear_eval());
    return config;
  }
  config.augment = ToAugment(spec.augment());
  config.temperature = spec.loss().temperature();
  config.optimizer = ToOptimizer(spec.optimizer());
  config.checkpoint = {spec.checkpoint().every_epochs(), spec.checkpoint().every_minutes(),
                       spec.checkpoint().keep()};
  return config;
}

}  // namespace simclr::trainer
