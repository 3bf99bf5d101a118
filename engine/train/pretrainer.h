#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/data/bad_share.h"
#include "engine/data/batch_loader.h"
#include "engine/optim/lr_schedule.h"
#include "engine/train/run_context.h"
#include "engine/train/step_consensus.h"
#include "engine/train/train_step.h"

namespace simclr::engine {

// SimCLR pre-training on one rank: from the data to the exported encoder. Every rank walks the same code;
// rank 0 alone writes. Not thread-safe.
class Pretrainer {
 public:
  // Opens the data, builds or resumes the model and checks that all ranks agree. A collective call; `context`
  // outlives the object.
  static absl::StatusOr<std::unique_ptr<Pretrainer>> Create(const RunContext& context);

  // Trains to the end, or to the step after which the ranks were asked to stop (kDrained). A collective call.
  absl::StatusOr<RunEnd> Run();

 private:
  explicit Pretrainer(const RunContext& context) : context_(context) {}

  absl::Status OpenData();
  absl::Status BuildModel();
  absl::Status Resume();
  absl::Status Agree();
  void MakeLoader();

  // One step and what the ranks measured and decided in it.
  absl::StatusOr<StepConsensus> Step();
  StepMeasuring Measuring() const;
  absl::Status CheckFinite(const StepOutcome& outcome, double lr) const;
  absl::Status CheckBadImages(std::int64_t in_batch);
  void Report(const StepOutcome& outcome, const Batch& batch, double lr);
  void Tell(Activity activity);
  absl::Status Save();
  absl::Status Export(const std::string& directory);
  RunEnd Ended(EndClass end) const;
  double epoch() const;

  const RunContext context_;
  std::shared_ptr<const Dataset> dataset_;
  std::unique_ptr<Sampler> sampler_;
  Precision precision_ = Precision::kFp32;
  std::unique_ptr<SimclrModel> model_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<TrainStep> train_step_;
  std::unique_ptr<BatchLoader> loader_;
  LrSchedule schedule_;
  Position position_;
  std::string last_checkpoint_ = "none";
  absl::Duration last_save_, last_report_;  // monotonic
  absl::Duration saving_;                   // since the last report
  BadImageCount bad_images_;
  bool first_step_ = true;  // of this attempt
  double last_loss_ = 0;
};

}  // namespace simclr::engine
