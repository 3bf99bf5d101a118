#include "engine/config/describe_config.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace simclr::engine {
namespace {

// Collects "section.field=value" lines.
class Lines {
 public:
  void Section(std::string name) { section_ = std::move(name); }

  template <typename T>
  void Add(const char* field, const T& value) {
    absl::StrAppend(&text_, section_, ".", field, "=", Print(value), "\n");
  }

  std::string Take() && { return std::move(text_); }

 private:
  template <typename T>
  static std::string Print(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      return Word(value);
    } else if constexpr (std::is_same_v<T, bool>) {
      return value ? "true" : "false";
    } else if constexpr (std::is_floating_point_v<T>) {
      return absl::StrFormat("%.17g", value);
    } else {
      return absl::StrCat(value);
    }
  }

  std::string section_;
  std::string text_;
};

void AddData(const DataConfig& data, JobKind kind, Lines& lines) {
  lines.Section("data");
  lines.Add("source", data.source);
  if (kind == JobKind::kLinearEval) lines.Add("test", data.test);
  lines.Add("image_size", data.image_size);
  lines.Add("limit_per_class", data.limit_per_class);
  lines.Add("holdout", data.holdout);
}

void AddAugment(const AugmentConfig& augment, Lines& lines) {
  lines.Section("augment");
  lines.Add("none", augment.none);
  lines.Add("crop", augment.crop);
  lines.Add("min_area", augment.min_area);
  lines.Add("max_area", augment.max_area);
  lines.Add("min_aspect", augment.min_aspect);
  lines.Add("max_aspect", augment.max_aspect);
  lines.Add("interpolation", augment.interpolation);
  lines.Add("flip_probability", augment.flip_probability);
  lines.Add("jitter_probability", augment.jitter_probability);
  lines.Add("brightness", augment.brightness);
  lines.Add("contrast", augment.contrast);
  lines.Add("saturation", augment.saturation);
  lines.Add("hue", augment.hue);
  lines.Add("gray_probability", augment.gray_probability);
  lines.Add("blur_probability", augment.blur_probability);
  lines.Add("min_sigma", augment.min_sigma);
  lines.Add("max_sigma", augment.max_sigma);
}

void AddModel(const ModelConfig& model, Lines& lines) {
  lines.Section("model");
  lines.Add("encoder", model.encoder);
  lines.Add("width", model.width);
  lines.Add("stem", model.stem);
  lines.Add("norm", model.norm);
  lines.Add("zero_init_gamma", model.zero_init_gamma);
  lines.Add("init", model.init);
  lines.Section("model.head");
  lines.Add("kind", model.head.kind);
  lines.Add("layers", model.head.layers);
  lines.Add("out", model.head.out);
  lines.Add("hidden", model.head.hidden);
  lines.Add("norm", model.head.norm);
  lines.Add("bias", model.head.bias);
  lines.Add("last_norm", model.head.last_norm);
}

void AddOptimizer(const OptimizerConfig& optimizer, Lines& lines) {
  lines.Section("optimizer");
  lines.Add("kind", optimizer.kind);
  lines.Add("lr", optimizer.lr);
  lines.Add("scaling", optimizer.scaling);
  lines.Add("warmup_epochs", optimizer.warmup_epochs);
  lines.Add("schedule", optimizer.schedule);
  lines.Add("weight_decay", optimizer.weight_decay);
  lines.Add("momentum", optimizer.momentum);
  lines.Add("nesterov", optimizer.nesterov);
}

void AddTrain(const TrainConfig& train, Lines& lines) {
  lines.Section("train");
  lines.Add("epochs", train.epochs);
  lines.Add("global_batch", train.global_batch);
  lines.Add("precision", train.precision);
  lines.Add("seed", train.seed);
}

void AddLinearEval(const LinearEvalConfig& eval, Lines& lines) {
  lines.Section("linear_eval");
  lines.Add("mode", eval.mode);
  lines.Add("epochs", eval.epochs);
  lines.Add("lr", eval.lr);
  lines.Add("batch", eval.batch);
  lines.Add("weight_decay", eval.weight_decay);
  lines.Add("knn", eval.knn);
  lines.Add("baseline", eval.baseline);
  lines.Add("save_features", eval.save_features);
}

}  // namespace

std::string DescribeConfig(const JobConfig& config) {
  Lines lines;
  lines.Section("job");
  lines.Add("kind", config.kind);
  AddData(config.data, config.kind, lines);
  AddModel(config.model, lines);
  if (config.kind == JobKind::kPretrain) {
    AddAugment(config.augment, lines);
    lines.Section("loss");
    lines.Add("temperature", config.temperature);
    AddOptimizer(config.optimizer, lines);
  } else {
    AddLinearEval(config.linear_eval, lines);
  }
  AddTrain(config.train, lines);
  return std::move(lines).Take();
}

std::string FirstDifference(const std::string& actual, const std::string& expected) {
  const std::vector<std::string> ours = absl::StrSplit(actual, '\n'), theirs = absl::StrSplit(expected, '\n');
  const auto [our, their] = std::mismatch(ours.begin(), ours.end(), theirs.begin(), theirs.end());
  if (our == ours.end() && their == theirs.end()) return "";
  if (our == ours.end() || our->empty()) return absl::StrCat(*their, " is missing");
  if (their == theirs.end() || their->empty()) return absl::StrCat(*our, " was not expected");
  const std::pair<std::string, std::string> mine = absl::StrSplit(*our, absl::MaxSplits('=', 1));
  const std::pair<std::string, std::string> other = absl::StrSplit(*their, absl::MaxSplits('=', 1));
  if (mine.first != other.first) return absl::StrCat(*our, " stands where ", *their, " was expected");
  return absl::StrCat(mine.first, " is ", mine.second, ", not ", other.second);
}

}  // namespace simclr::engine
