#include "engine/train/evaluator.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "engine/base/device.h"
#include "engine/checkpoint/load_encoder.h"
#include "engine/data/bad_share.h"
#include "engine/eval/accuracy.h"
#include "engine/eval/feature_extractor.h"
#include "engine/eval/feature_files.h"
#include "engine/eval/knn_probe.h"
#include "engine/eval/linear_probe.h"
#include "engine/eval/standardizer.h"
#include "engine/train/end_class.h"
#include "engine/train/open_data.h"

namespace simclr::engine {

absl::StatusOr<std::unique_ptr<Evaluator>> Evaluator::Create(const RunContext& context) {
  auto evaluator = std::unique_ptr<Evaluator>(new Evaluator(context));
  SIMCLR_RETURN_IF_ERROR(evaluator->ReadEncoderConfig());
  SIMCLR_RETURN_IF_ERROR(evaluator->OpenData());
  SIMCLR_RETURN_IF_ERROR(evaluator->CheckLabels());
  const LinearEvalConfig& config = context.config.linear_eval;
  if (evaluator->labelled_) evaluator->total_steps_ = config.epochs * (config.baseline ? 2 : 1);
  SIMCLR_RETURN_IF_ERROR(CheckAgreement(
      context.world, absl::StrCat("job ", context.options.spec_hash, ", images ",
                                  evaluator->splits_.train->size(), ", build ", EngineBuild())));
  context.observer.OnStarted(0, evaluator->total_steps_, "fp32");
  return evaluator;
}

absl::Status Evaluator::ReadEncoderConfig() {
  const std::string& after = context_.options.after_directory;
  const ModelConfig& model = context_.config.model;
  if (after.empty()) {
    if (model.init.empty()) {
      return Failure(EndClass::kConfigError, "linear-eval needs an encoder: set 'after' or model.init");
    }
    SIMCLR_RETURN_IF_ERROR(
        WithEndClass(EndClass::kConfigError, CheckUnderRoots(model.init, context_.options.data_roots)));
    SIMCLR_ASSIGN_OR_RETURN(const int features, EncoderFeatures(model.encoder, model.width));
    encoder_ = DescribeEncoder(context_.config, features);
    trained_path_ = model.init;
    return absl::OkStatus();
  }
  const std::string directory = JoinPath(context_.options.artifact_root, after);
  trained_path_ = JoinPath(directory, "export");
  random_path_ = JoinPath(directory, "init");
  const absl::StatusOr<std::string> text = context_.store.Open(JoinPath(after, "export/config.json"));
  if (!text.ok()) {
    return Failure(EndClass::kConfigError,
                   absl::StrCat("the evaluated job left no encoder: ", text.status().message()));
  }
  SIMCLR_ASSIGN_OR_RETURN(encoder_, DecodeEncoderConfig(*text));
  return absl::OkStatus();
}

std::uint64_t Evaluator::AdoptSplit() {
  const bool same_images = data_.source == encoder_.source && data_.test.empty();
  if (!same_images) return context_.config.train.seed;
  if (data_.limit_per_class != encoder_.limit_per_class || data_.holdout != encoder_.holdout) {
    context_.observer.OnWarning(
        absl::StrCat("limit_per_class ", encoder_.limit_per_class, " and holdout ", encoder_.holdout,
                     " are taken from the evaluated job, so that no image that it was "
                     "trained on is tested"));
  }
  data_.limit_per_class = encoder_.limit_per_class;
  data_.holdout = encoder_.holdout;
  return encoder_.seed;
}

absl::Status Evaluator::OpenData() {
  data_ = context_.config.data;
  data_.image_size = encoder_.image_size;
  const std::uint64_t seed = AdoptSplit();
  context_.observer.OnActivity(Activity::kOpeningData, 0, 0, 0);
  SIMCLR_ASSIGN_OR_RETURN(splits_, OpenJobData(data_, seed, context_.options, context_.observer));
  if (splits_.test == nullptr) {
    return Failure(EndClass::kConfigError,
                   "linear-eval needs images to test on: set data.test or data.holdout");
  }
  augmentation_ = std::make_unique<Augmentation>(context_.config.augment, data_.image_size);
  context_.observer.OnActivity(Activity::kForward, 0, 0, 0);
  return absl::OkStatus();
}

absl::Status Evaluator::CheckLabels() {
  labelled_ = splits_.train->labelled() && splits_.test->labelled();
  if (!labelled_) {
    context_.observer.OnWarning(absl::StrCat(splits_.train->labelled() ? data_.test : data_.source,
                                             " has no labels (class folders): no accuracy is measured"));
    return absl::OkStatus();
  }
  if (splits_.train->classes() == splits_.test->classes()) return absl::OkStatus();
  return Failure(
      EndClass::kDataError,
      absl::StrCat("the classes of ", data_.source, " (", splits_.train->classes().size(), ") and of ",
                   data_.test, " (", splits_.test->classes().size(), ") are not the same"));
}

absl::StatusOr<RunEnd> Evaluator::Run() {
  SIMCLR_ASSIGN_OR_RETURN(bool finished, Evaluate(trained_path_, ""));
  if (finished && labelled_ && context_.config.linear_eval.baseline) {
    SIMCLR_ASSIGN_OR_RETURN(finished, Evaluate(random_path_, "_random"));
  }
  return Ended(finished ? EndClass::kSuccess : EndClass::kDrained);
}

absl::StatusOr<std::unique_ptr<SimclrModel>> Evaluator::LoadModel(const std::string& path) const {
  SIMCLR_ASSIGN_OR_RETURN(
      std::unique_ptr<SimclrModel> model,
      SimclrModel::Create(EncoderModel(encoder_), encoder_.seed, context_.world.norm.get()));
  if (!path.empty()) {
    const absl::Status loaded = LoadEncoder(path, *model);
    if (!loaded.ok()) return Failure(EndClass::kConfigError, loaded.message());
  }
  model->To(context_.world.device, at::kFloat);
  model->SetTraining(false);
  return model;
}

absl::StatusOr<bool> Evaluator::Evaluate(const std::string& path, const std::string& suffix) {
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<SimclrModel> model, LoadModel(path));
  bool even = false;
  // Changing activity shows a watcher that features go on although no step ends.
  const auto on_batch = [this, &even] {
    even = !even;
    context_.observer.OnActivity(even ? Activity::kData : Activity::kForward, step_, total_steps_, 0);
  };
  FeatureExtractor extractor(*model, *augmentation_, *context_.world.main, context_.world.device, on_batch);
  SIMCLR_ASSIGN_OR_RETURN(const Features train, extractor.Extract(*splits_.train));
  SIMCLR_ASSIGN_OR_RETURN(const Features test, extractor.Extract(*splits_.test));
  for (const Features* features : {&train, &test}) {
    SIMCLR_RETURN_IF_ERROR(
        WithEndClass(EndClass::kDataError,
                     CheckBadShare(features->bad_images, features->values.size(0), data_.max_bad_share)));
  }
  context_.observer.OnActivity(Activity::kEval, step_, total_steps_, 0);
  const LinearEvalConfig& config = context_.config.linear_eval;
  if (config.save_features && suffix.empty()) SIMCLR_RETURN_IF_ERROR(SaveFeatureFiles(train, test));
  if (!labelled_) return true;
  if (config.knn) RunKnnProbe(train, test, suffix);
  return RunLinearProbe(extractor, train, test, suffix);
}

absl::StatusOr<bool> Evaluator::RunLinearProbe(FeatureExtractor& extractor, const Features& train,
                                               const Features& test, const std::string& suffix) {
  const LinearEvalConfig& config = context_.config.linear_eval;
  const std::uint64_t seed = context_.config.train.seed;
  const auto classes = static_cast<std::int64_t>(splits_.train->classes().size());
  LinearProbe probe(train.values.size(1), classes, at::kFloat,
                    {.epochs = config.epochs,
                     .batch = config.batch,
                     .lr = config.lr,
                     .weight_decay = config.weight_decay,
                     .seed = seed});
  const Standardizer standardizer(train.values);
  const at::Tensor tested = standardizer.Apply(test.values);
  AccuracyCounter accuracy;
  Features shown{standardizer.Apply(train.values), train.labels};
  for (int epoch = 0; epoch < config.epochs; ++epoch) {
    if (config.mode == LinearEvalMode::kAugmented) {
      SIMCLR_ASSIGN_OR_RETURN(shown, extractor.ExtractCropFlip(*splits_.train, seed, epoch));
      shown.values = standardizer.Apply(shown.values);
    }
    const double loss = probe.TrainEpoch(shown, epoch);
    if (!std::isfinite(loss)) return DivergedIn(epoch, loss);
    accuracy = AccuracyCounter();
    accuracy.Add(probe.Logits(tested), test.labels);
    ++step_;
    context_.observer.OnActivity(Activity::kEval, step_, total_steps_, epoch + 1);
    // The baseline's curve would continue the trained encoder's, and a watcher take its end for the result.
    if (suffix.empty()) ReportEpoch(epoch, loss, accuracy.top1());
    if (AnyRankAskedToStop()) return false;
  }
  results_["linear_eval/top1" + suffix] = accuracy.top1();
  if (suffix.empty()) results_["linear_eval/top5"] = accuracy.top5();
  return true;
}

void Evaluator::ReportEpoch(int epoch, double loss, double top1) {
  StepReport report{step_, total_steps_, static_cast<double>(epoch + 1), {}};
  report.values[Measure::kEvalLoss] = loss;
  report.values[Measure::kEvalTop1] = top1;
  report.values[Measure::kEvalEpoch] = epoch + 1;
  context_.observer.OnStep(report);
}

absl::Status Evaluator::DivergedIn(int epoch, double loss) const {
  return Failure(EndClass::kNonFinite,
                 absl::StrCat("linear-eval loss ", loss, " is not finite in epoch ", epoch + 1,
                              " at learning rate ", context_.config.linear_eval.lr,
                              "; lower linear_eval.lr, or look for damaged weights in the encoder"));
}

void Evaluator::RunKnnProbe(const Features& train, const Features& test, const std::string& suffix) {
  const auto classes = static_cast<std::int64_t>(splits_.train->classes().size());
  AccuracyCounter accuracy;
  accuracy.Add(VoteByNeighbours(train, test.values, classes, {}).votes, test.labels);
  results_["knn/top1" + suffix] = accuracy.top1();
}

absl::Status Evaluator::SaveFeatureFiles(const Features& train, const Features& test) const {
  if (context_.world.rank() != 0) return absl::OkStatus();
  const std::string directory = JoinPath(context_.options.artifact_root, context_.options.job_directory);
  FileSystem& files = PosixFileSystem();
  absl::Status saved = SaveFeatures(files, directory, "train", train, *splits_.train);
  if (saved.ok()) saved = SaveFeatures(files, directory, "test", test, *splits_.test);
  return StorageStatus(std::move(saved));
}

bool Evaluator::AnyRankAskedToStop() {
  at::Tensor asked = at::full({1}, context_.observer.DrainRequested() ? 1.0 : 0.0, at::kDouble);
  asked = asked.to(context_.world.device);
  context_.world.main->AllReduceMax(asked);
  return asked.item<double>() > 0;
}

RunEnd Evaluator::Ended(EndClass end) const {
  RunEnd result;
  result.end = end;
  result.step = step_;
  result.total_steps = total_steps_;
  if (end == EndClass::kSuccess) result.results = results_;
  return result;
}

}  // namespace simclr::engine
