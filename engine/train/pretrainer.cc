#include "engine/train/pretrainer.h"

#include <cmath>
#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "engine/checkpoint/export.h"
#include "engine/checkpoint/load_encoder.h"
#include "engine/train/checkpoint_cadence.h"
#include "engine/train/end_class.h"
#include "engine/train/open_data.h"
#include "engine/train/precision.h"
#include "engine/train/record.h"
#include "engine/train/train_state.h"

namespace simclr::engine {
namespace {

constexpr int kQueue = 4;  // batches that the loader holds at most
// Steps from one look at the collapse gauges to the next: often enough for a curve, too seldom to be felt.
constexpr std::int64_t kCollapseEvery = 25;

absl::Status CheckBatch(int global_batch, std::int64_t images, int ranks) {
  if (global_batch % ranks != 0) {
    return Failure(EndClass::kConfigError,
                   absl::StrCat("train.global_batch ", global_batch, " is not divisible by ", ranks,
                                " ranks; choose a multiple"));
  }
  if (global_batch > images) {
    return Failure(EndClass::kConfigError,
                   absl::StrCat("train.global_batch ", global_batch, " is larger than the data set of ",
                                images, " images; choose at most ", images));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Pretrainer>> Pretrainer::Create(const RunContext& context) {
  auto trainer = std::unique_ptr<Pretrainer>(new Pretrainer(context));
  SIMCLR_RETURN_IF_ERROR(trainer->OpenData());
  SIMCLR_RETURN_IF_ERROR(trainer->BuildModel());
  SIMCLR_RETURN_IF_ERROR(trainer->Resume());
  SIMCLR_RETURN_IF_ERROR(trainer->Agree());
  trainer->MakeLoader();
  return trainer;
}

absl::Status Pretrainer::OpenData() {
  const JobConfig& config = context_.config;
  context_.observer.OnActivity(Activity::kOpeningData, 0, 0, 0);
  SIMCLR_ASSIGN_OR_RETURN(const Splits splits,
                          OpenJobData(config.data, config.train.seed, context_.options, context_.observer));
  dataset_ = splits.train;
  const int batch = config.train.global_batch;
  SIMCLR_RETURN_IF_ERROR(CheckBatch(batch, dataset_->size(), context_.world.size()));
  sampler_ = std::make_unique<Sampler>(dataset_->size(), batch, config.train.seed, context_.world.rank(),
                                       context_.world.size());
  position_ = {0, config.train.seed, dataset_->size(), batch};
  schedule_.kind = config.optimizer.schedule;
  schedule_.peak = ScaledLr(config.optimizer.lr, config.optimizer.scaling, batch);
  schedule_.warmup_steps = WarmupSteps(config.optimizer.warmup_epochs, dataset_->size(), batch);
  schedule_.total_steps = sampler_->steps_per_epoch() * config.train.epochs;
  Tell(Activity::kForward);  // building the model and resuming are part of the first step
  return absl::OkStatus();
}

absl::Status Pretrainer::BuildModel() {
  const JobConfig& config = context_.config;
  World& world = context_.world;
  SIMCLR_ASSIGN_OR_RETURN(const Precision own,
                          ResolvePrecision(config.train.precision, context_.options.precision, world.device));
  SIMCLR_ASSIGN_OR_RETURN(precision_, ParsePrecision(world.main->Broadcast(PrecisionWord(own))));
  SIMCLR_ASSIGN_OR_RETURN(model_, SimclrModel::Create(config.model, config.train.seed, world.norm.get()));
  if (!config.model.init.empty()) {
    SIMCLR_RETURN_IF_ERROR(WithEndClass(EndClass::kConfigError,
                                        CheckUnderRoots(config.model.init, context_.options.data_roots)));
    const absl::Status loaded = LoadEncoder(config.model.init, *model_);
    if (!loaded.ok()) {
      return Failure(EndClass::kConfigError, absl::StrCat("model.init: ", loaded.message()));
    }
  }
  model_->To(world.device, WeightType(precision_));
  model_->SetTraining(true);
  optimizer_ = MakeOptimizer(config.optimizer, model_->Parameters());
  train_step_ = std::make_unique<TrainStep>(*model_, *optimizer_, *world.main, *world.norm,
                                            config.temperature, precision_, world.device);
  return absl::OkStatus();
}

absl::Status Pretrainer::Resume() {
  SIMCLR_ASSIGN_OR_RETURN(const std::optional<Checkpoint> checkpoint, FindResumePoint(context_));
  if (!checkpoint) return absl::OkStatus();
  SIMCLR_RETURN_IF_ERROR(Restore(*checkpoint, position_, *model_, *optimizer_));
  position_ = checkpoint->position;
  last_checkpoint_ = absl::StrCat("step ", position_.step);
  return absl::OkStatus();
}

absl::Status Pretrainer::Agree() {
  const std::string statement = absl::StrCat("job ", context_.options.spec_hash, ", step ", position_.step,
                                             ", images ", position_.dataset_size, ", precision ",
                                             PrecisionWord(precision_), ", build ", EngineBuild());
  SIMCLR_RETURN_IF_ERROR(CheckAgreement(context_.world, statement));
  context_.observer.OnStarted(position_.step, schedule_.total_steps, PrecisionWord(precision_));
  return absl::OkStatus();
}

void Pretrainer::MakeLoader() {
  const JobConfig& config = context_.config;
  BatchLoaderOptions options;
  options.threads = config.data.loader_threads > 0 ? config.data.loader_threads : context_.options.threads;
  options.queue = kQueue;
  options.fp64 = precision_ == Precision::kFp64;
  loader_ =
      std::make_unique<BatchLoader>(dataset_, Augmentation(config.augment, config.data.image_size), *sampler_,
                                    config.train.seed, position_.step, schedule_.total_steps, options);
}

absl::StatusOr<RunEnd> Pretrainer::Run() {
  if (position_.step == 0) SIMCLR_RETURN_IF_ERROR(Export("init"));
  last_save_ = last_report_ = RealClock().Monotonic();
  while (position_.step < schedule_.total_steps) {
    SIMCLR_ASSIGN_OR_RETURN(const StepConsensus step, Step());
    const bool due = EpochCheckpointDue(context_.config.checkpoint, position_.step,
                                        sampler_->steps_per_epoch(), schedule_.total_steps);
    if (due || step.save || step.drain) SIMCLR_RETURN_IF_ERROR(Save());
    if (step.drain && position_.step < schedule_.total_steps) return Ended(EndClass::kDrained);
  }
  // No longer kCheckpoint: a failed export is no failed checkpoint.
  Tell(Activity::kEval);
  SIMCLR_RETURN_IF_ERROR(Export("export"));
  RunEnd end = Ended(EndClass::kSuccess);
  end.results["pretrain/loss"] = last_loss_;
  return end;
}

absl::StatusOr<StepConsensus> Pretrainer::Step() {
  World& world = context_.world;
  Tell(Activity::kData);
  PartTimer timer(world.device, *world.norm);
  const absl::StatusOr<Batch> batch = loader_->Next();
  if (!batch.ok()) return DataStatus(batch.status());
  const absl::Duration data = timer.Lap();
  const at::Tensor views = ToDevice(batch->views, world.device);
  const absl::Duration h2d = timer.Lap();

  Tell(Activity::kForward);
  StepConsensus mine;
  mine.outcome = train_step_->ForwardBackward(views, Measuring());
  mine.drain = context_.observer.DrainRequested();
  mine.bad_images = batch->bad_images;
  mine.save = world.rank() == 0 &&
              TimedCheckpointDue(context_.config.checkpoint, RealClock().Monotonic() - last_save_);
  Tell(Activity::kCollective);
  StepConsensus all = AgreeOnStep(mine, world);
  const double lr = schedule_.At(position_.step);
  SIMCLR_RETURN_IF_ERROR(CheckFinite(all.outcome, lr));
  SIMCLR_RETURN_IF_ERROR(CheckBadImages(all.bad_images));

  timer.Lap();
  train_step_->Update(lr);
  StepParts& parts = all.outcome.parts;
  parts.optimizer = timer.Lap();
  parts.data = data;
  parts.h2d = h2d;
  parts.checkpoint = std::exchange(saving_, absl::ZeroDuration());
  ++position_.step;
  first_step_ = false;
  last_loss_ = all.outcome.loss;
  Report(all.outcome, *batch, lr);
  return all;
}

StepMeasuring Pretrainer::Measuring() const {
  const bool due = first_step_ || (position_.step + 1) % kCollapseEvery == 0;
  return {.contrast = true, .collapse = due && context_.world.rank() == 0};
}

absl::Status Pretrainer::CheckFinite(const StepOutcome& outcome, double lr) const {
  if (std::isfinite(outcome.loss) && std::isfinite(outcome.gradient_norm)) return absl::OkStatus();
  return Failure(EndClass::kNonFinite,
                 absl::StrCat("loss ", outcome.loss, " or gradient norm ", outcome.gradient_norm,
                              " is not finite in step ", position_.step + 1, " at learning rate ", lr,
                              "; last good checkpoint: ", last_checkpoint_,
                              "; lower optimizer.lr or lengthen optimizer.warmup_epochs"));
}

absl::Status Pretrainer::CheckBadImages(std::int64_t in_batch) {
  bad_images_.Add(position_.step / sampler_->steps_per_epoch(), in_batch);
  return WithEndClass(EndClass::kDataError, CheckBadShare(bad_images_.most(), dataset_->size(),
                                                          context_.config.data.max_bad_share));
}

void Pretrainer::Report(const StepOutcome& outcome, const Batch& batch, double lr) {
  StepReport report{position_.step, schedule_.total_steps, epoch(), {}};
  Measurements& values = report.values;
  RecordOutcome(outcome, values);
  RecordBatch(batch, kQueue, values);
  report.bad_images = batch.bad_images;
  RecordMemory(context_.world.device, values);
  values[Measure::kLr] = lr;
  values[Measure::kTemperature] = context_.config.temperature;
  values[Measure::kBadImages] = static_cast<double>(bad_images_.most());
  const absl::Duration now = RealClock().Monotonic();
  const absl::Duration whole = now - std::exchange(last_report_, now);
  values[Measure::kImagesPerSecond] = position_.global_batch / absl::ToDoubleSeconds(whole);
  RecordTime(outcome.parts, whole, values);
  context_.observer.OnStep(report);
}

void Pretrainer::Tell(Activity activity) {
  context_.observer.OnActivity(activity, position_.step, schedule_.total_steps, epoch());
}

absl::Status Pretrainer::Save() {
  Tell(Activity::kCheckpoint);
  last_save_ = RealClock().Monotonic();
  const absl::Cleanup note = [this] { saving_ = RealClock().Monotonic() - last_save_; };
  last_checkpoint_ = absl::StrCat("step ", position_.step);
  if (context_.world.rank() != 0) return absl::OkStatus();
  const Checkpoint checkpoint = Capture(context_, position_, PrecisionWord(precision_), *model_, *optimizer_);
  absl::StatusOr<WrittenCheckpoint> written =
      WriteCheckpoint(context_.store, context_.options.job_directory, checkpoint);
  if (!written.ok()) return StorageStatus(written.status());
  CheckpointReport report{position_.step, written->path, written->bytes, written->digest,
                          RealClock().Monotonic() - last_save_};
  context_.observer.OnCheckpoint(report);
  const std::string own = context_.options.job_directory + "/checkpoints/";
  for (const std::string& retired : context_.observer.TakeRetired()) {
    if (absl::StartsWith(retired, own)) SIMCLR_RETURN_IF_ERROR(context_.store.Remove(retired));
  }
  return absl::OkStatus();
}

absl::Status Pretrainer::Export(const std::string& directory) {
  if (context_.world.rank() != 0) return absl::OkStatus();
  const EncoderConfig config = DescribeEncoder(context_.config, model_->features());
  return StorageStatus(ExportEncoder(context_.store, JoinPath(context_.options.job_directory, directory),
                                     config, model_->EncoderState(), model_->HeadState()));
}

RunEnd Pretrainer::Ended(EndClass end) const {
  RunEnd result;
  result.end = end;
  result.step = position_.step;
  result.total_steps = schedule_.total_steps;
  return result;
}

double Pretrainer::epoch() const {
  return static_cast<double>(position_.step) / static_cast<double>(sampler_->steps_per_epoch());
}

}  // namespace simclr::engine
