#include "common/job/defaults.h"

#include <vector>

#include "absl/strings/string_view.h"

namespace simclr {
namespace {

void FillResources(v1::Resources& resources) {
  resources.set_ranks(1);
  resources.set_device(v1::DEVICE_AUTO);
}

void FillData(v1::Data& data) {
  data.set_test("");
  data.set_limit_per_class(0);
  data.set_holdout(0);
  data.set_max_bad_share(0.01);
  data.set_cache_bytes(0);
  data.set_loader_threads(0);
}

void FillSchedule(v1::SchedulePolicy& schedule) {
  schedule.set_priority(0);
  schedule.set_max_restarts(3);
}

v1::Limits DefaultLimits() {
  v1::Limits limits;
  limits.mutable_init()->set_seconds(3 * 60);
  limits.mutable_data()->set_seconds(30 * 60);
  limits.mutable_first_step()->set_seconds(10 * 60);
  limits.mutable_checkpoint()->set_seconds(15 * 60);
  limits.mutable_eval()->set_seconds(2 * 3600);
  limits.mutable_grace()->set_seconds(2 * 60);
  return limits;
}

v1::AugmentPreset PresetOf(const v1::Augment& written) {
  return written.has_preset() ? written.preset() : v1::AUGMENT_PRESET_IMAGENET;
}

// Crop, flip, jitter, grayscale and blur as the paper has them for ImageNet (appendix A).
void FillImagenetAugment(v1::Augment& augment, double strength, double blur) {
  augment.set_strength(strength);
  v1::RandomResizedCrop& crop = *augment.mutable_crop();
  crop.set_enabled(true);
  crop.set_min_area(0.08);
  crop.set_max_area(1.0);
  crop.set_min_aspect(3.0 / 4);
  crop.set_max_aspect(4.0 / 3);
  crop.set_interpolation(v1::INTERPOLATION_BILINEAR);
  augment.mutable_flip()->set_probability(0.5);
  v1::ColorJitter& jitter = *augment.mutable_jitter();
  jitter.set_probability(0.8);
  jitter.set_brightness(0.8 * strength);
  jitter.set_contrast(0.8 * strength);
  jitter.set_saturation(0.8 * strength);
  jitter.set_hue(0.2 * strength);
  augment.mutable_grayscale()->set_probability(0.2);
  augment.mutable_blur()->set_probability(blur);
  augment.mutable_blur()->set_min_sigma(0.1);
  augment.mutable_blur()->set_max_sigma(2.0);
}

void SwitchOff(v1::Augment& augment) {
  augment.mutable_crop()->set_enabled(false);
  augment.mutable_flip()->set_probability(0);
  augment.mutable_jitter()->set_probability(0);
  augment.mutable_grayscale()->set_probability(0);
  augment.mutable_blur()->set_probability(0);
}

void FillAugment(const v1::Augment& written, v1::Augment& augment) {
  const v1::AugmentPreset preset = PresetOf(written);
  const double preset_strength = preset == v1::AUGMENT_PRESET_CIFAR10 ? 0.5 : 1.0;
  const double strength = written.has_strength() ? written.strength() : preset_strength;
  FillImagenetAugment(augment, strength, preset == v1::AUGMENT_PRESET_CIFAR10 ? 0.0 : 0.5);
  if (preset == v1::AUGMENT_PRESET_NONE) SwitchOff(augment);
  augment.set_preset(preset);
}

v1::HeadNorm HeadNormOf(v1::Norm norm) {
  switch (norm) {
    case v1::NORM_LOCAL_BN:
      return v1::HEAD_NORM_LOCAL_BN;
    case v1::NORM_LAYER_NORM:
      return v1::HEAD_NORM_LAYER_NORM;
    default:
      return v1::HEAD_NORM_GLOBAL_BN;
  }
}

void FillEncoder(v1::Model& model) {
  model.set_encoder("resnet50");
  model.set_width(1);
  model.set_stem(v1::STEM_IMAGENET);
  model.set_norm(v1::NORM_GLOBAL_BN);
  model.set_zero_init_gamma(true);
  model.set_init("");
}

void FillHead(const v1::Model& written, v1::Head& head) {
  head.set_kind(v1::HEAD_KIND_MLP);
  head.set_layers(2);
  head.set_out(128);
  head.set_hidden(0);
  head.set_norm(HeadNormOf(written.norm()));
  head.set_bias(false);
  head.set_last_norm(true);
}

void FillOptimizer(v1::Optimizer& optimizer) {
  optimizer.set_kind(v1::OPTIMIZER_KIND_LARS);
  optimizer.set_lr(0.3);
  optimizer.set_scaling(v1::LR_SCALING_LINEAR);
  optimizer.set_warmup_epochs(10);
  optimizer.set_schedule(v1::LR_SCHEDULE_COSINE);
  optimizer.set_weight_decay(1e-6);
  optimizer.set_momentum(0.9);
  optimizer.set_nesterov(false);
}

void FillLinearEval(const v1::LinearEval& written, v1::LinearEval& eval) {
  constexpr int kBatch = 1024;
  eval.set_mode(v1::LINEAR_EVAL_MODE_CACHED);
  eval.set_epochs(90);
  eval.set_lr(0.1 * (written.has_batch() ? written.batch() : kBatch) / 256.0);
  eval.set_batch(kBatch);
  eval.set_weight_decay(0);
  eval.set_knn(true);
  eval.set_baseline(true);
  eval.set_save_features(false);
}

void FillPretrain(const v1::JobSpec& written, v1::JobSpec& spec) {
  spec.mutable_data()->set_image_size(224);
  FillAugment(written.augment(), *spec.mutable_augment());
  FillEncoder(*spec.mutable_model());
  FillHead(written.model(), *spec.mutable_model()->mutable_head());
  spec.mutable_loss()->set_kind(v1::LOSS_KIND_NT_XENT);
  spec.mutable_loss()->set_temperature(0.1);
  FillOptimizer(*spec.mutable_optimizer());
  spec.mutable_train()->set_epochs(100);
  spec.mutable_train()->set_global_batch(256);
  spec.mutable_checkpoint()->set_every_epochs(1);
  spec.mutable_checkpoint()->set_every_minutes(10);
  spec.mutable_checkpoint()->set_keep(2);
}

void FillLinearEvalJob(const v1::JobSpec& written, v1::JobSpec& spec) {
  FillLinearEval(written.linear_eval(), *spec.mutable_linear_eval());
  if (!written.after().empty()) return;
  spec.mutable_data()->set_image_size(224);
  FillEncoder(*spec.mutable_model());
}

}  // namespace

v1::JobSpec WithDefaults(const v1::JobSpec& written) {
  v1::JobSpec spec;
  spec.set_kind(written.kind() == v1::JOB_KIND_UNSPECIFIED ? v1::JOB_KIND_PRETRAIN : written.kind());
  spec.set_name(spec.kind() == v1::JOB_KIND_LINEAR_EVAL ? "linear-eval" : "pretrain");
  FillResources(*spec.mutable_resources());
  FillData(*spec.mutable_data());
  FillSchedule(*spec.mutable_schedule());
  spec.mutable_train()->set_precision(v1::PRECISION_AUTO);
  spec.mutable_train()->set_seed(1);
  if (spec.kind() == v1::JOB_KIND_LINEAR_EVAL) {
    FillLinearEvalJob(written, spec);
  } else {
    FillPretrain(written, spec);
  }
  spec.MergeFrom(written);
  *spec.mutable_limits() = WithDefaults(written.limits());
  return spec;
}

// A length of time is taken whole: MergeFrom would add the seconds of one to the nanoseconds of the other,
// and takes a written 0 for nothing.
v1::Limits WithDefaults(const v1::Limits& written) {
  v1::Limits limits = DefaultLimits();
  const google::protobuf::Reflection& reflection = *limits.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(written, &fields);
  for (const auto* field : fields) {
    reflection.MutableMessage(&limits, field)->CopyFrom(reflection.GetMessage(written, field));
  }
  return limits;
}

v1::JobSpec WithSplitOf(const v1::JobSpec& before, v1::JobSpec spec) {
  const bool same_images = spec.kind() == v1::JOB_KIND_LINEAR_EVAL && spec.data().test().empty() &&
                           spec.data().source() == before.data().source();
  if (!same_images) return spec;
  v1::Data& data = *spec.mutable_data();
  if (!data.has_limit_per_class()) data.set_limit_per_class(before.data().limit_per_class());
  if (!data.has_holdout()) data.set_holdout(before.data().holdout());
  if (!spec.train().has_seed()) spec.mutable_train()->set_seed(before.train().seed());
  return spec;
}

}  // namespace simclr
