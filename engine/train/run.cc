#include "engine/train/run.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "common/storage/artifact_store.h"
#include "engine/base/device.h"
#include "engine/base/torch_status.h"
#include "engine/train/end_class.h"
#include "engine/train/evaluator.h"
#include "engine/train/pretrainer.h"
#include "engine/train/run_context.h"
#include "engine/train/world.h"

namespace simclr::engine {
namespace {

void MakeDeterministic(int threads) {
  at::set_num_threads(threads);
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
  at::globalContext().setAllowTF32CuDNN(false);  // fp32 means fp32, as on the CPU
}

// Notes where the run stands, so that a failure can say how far it came.
class StepWatch : public TrainObserver {
 public:
  explicit StepWatch(TrainObserver& observer) : observer_(observer) {}

  void OnStarted(std::int64_t resumed_from_step, std::int64_t total_steps,
                 const std::string& precision) override {
    step_ = resumed_from_step;
    total_steps_ = total_steps;
    observer_.OnStarted(resumed_from_step, total_steps, precision);
  }
  void OnActivity(Activity activity, std::int64_t step, std::int64_t total_steps, double epoch) override {
    observer_.OnActivity(activity, step, total_steps, epoch);
  }
  void OnStep(const StepReport& report) override {
    step_ = report.step;
    observer_.OnStep(report);
  }
  void OnWait(bool waiting) override { observer_.OnWait(waiting); }
  void OnDataRead(std::int64_t files, std::int64_t bytes) override { observer_.OnDataRead(files, bytes); }
  void OnCheckpoint(const CheckpointReport& report) override { observer_.OnCheckpoint(report); }
  std::vector<std::string> TakeRetired() override { return observer_.TakeRetired(); }
  void OnWarning(const std::string& text) override { observer_.OnWarning(text); }
  bool DrainRequested() override { return observer_.DrainRequested(); }

  std::int64_t step() const { return step_; }
  std::int64_t total_steps() const { return total_steps_; }

 private:
  TrainObserver& observer_;
  std::int64_t step_ = 0;
  std::int64_t total_steps_ = 0;
};

template <typename Job>
absl::StatusOr<RunEnd> RunJob(const RunContext& context) {
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<Job> job, Job::Create(context));
  return job->Run();
}

absl::StatusOr<RunEnd> RunRank(const JobConfig& config, const RunOptions& options, TrainObserver& observer,
                               World& world) {
  MakeDeterministic(options.threads);
  observer.OnActivity(Activity::kInit, 0, 0, 0);
  SIMCLR_RETURN_IF_ERROR(CheckLoadedNccl());
  SIMCLR_ASSIGN_OR_RETURN(world, Meet(options, observer));
  const std::unique_ptr<ArtifactStore> store = MakeDirectoryStore(
      options.artifact_root, options.files == nullptr ? PosixFileSystem() : *options.files);
  const RunContext context = {config, options, observer, world, *store};
  return config.kind == JobKind::kPretrain ? RunJob<Pretrainer>(context) : RunJob<Evaluator>(context);
}

}  // namespace

RunEnd Run(const JobConfig& config, const RunOptions& options, TrainObserver& observer) {
  StepWatch watch(observer);
  const auto world = std::make_shared<World>();
  RunEnd end;
  const absl::Status status = CatchTorch("training failed", [&]() -> absl::Status {
    SIMCLR_ASSIGN_OR_RETURN(end, RunRank(config, options, watch, *world));
    return absl::OkStatus();
  });
  if (status.ok()) return end;
  world->Abandon();
  end = RunEnd();
  end.remains = world;
  end.end = EndClassOf(status);
  end.message = std::string(status.message());
  end.step = watch.step();
  end.total_steps = watch.total_steps();
  return end;
}

std::string EngineFacts() {
  return BuildFacts();
}

std::string EngineBuild() {
  std::vector<std::string> common;
  for (const absl::string_view fact : absl::StrSplit(BuildFacts(), '\n', absl::SkipEmpty())) {
    // What the processor can is the node's own matter.
    if (!absl::StartsWith(fact, "cpu capability")) common.emplace_back(fact);
  }
  return absl::StrJoin(common, ", ");
}

}  // namespace simclr::engine
