#include "engine/train/train_state.h"

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "engine/checkpoint/assign_tensors.h"
#include "engine/train/end_class.h"

namespace simclr::engine {
namespace {

struct Choice {
  int index = -1;
  std::optional<Checkpoint> checkpoint;
};

// Rank 0's part of FindResumePoint.
Choice NewestReadable(const RunContext& context) {
  for (std::size_t i = 0; i < context.options.resume.size(); ++i) {
    const CheckpointRef& ref = context.options.resume[i];
    absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(context.store, ref.path, ref.digest);
    if (checkpoint.ok()) return {static_cast<int>(i), *std::move(checkpoint)};
    context.observer.OnWarning(absl::StrCat(
        "checkpoint ", ref.path, " cannot be used, trying the one before: ", checkpoint.status().message()));
  }
  return {};
}

void WarnIfNotBitExact(const RunContext& context, const Manifest& manifest) {
  if (manifest.threads == context.options.threads && manifest.instruction_set == at::get_cpu_capability())
    return;
  context.observer.OnWarning(absl::StrCat("the checkpoint was written with ", manifest.threads,
                                          " threads on ", manifest.instruction_set, "; this run has ",
                                          context.options.threads, " on ", at::get_cpu_capability(),
                                          ", so the last bits of its numbers may differ"));
}

}  // namespace

absl::StatusOr<std::optional<Checkpoint>> FindResumePoint(const RunContext& context) {
  const std::vector<CheckpointRef>& refs = context.options.resume;
  if (refs.empty()) return std::nullopt;
  Choice choice;
  if (context.world.rank() == 0) choice = NewestReadable(context);
  int index = -1;
  if (!absl::SimpleAtoi(context.world.main->Broadcast(absl::StrCat(choice.index)), &index) || index < 0) {
    return Failure(EndClass::kDataError,
                   absl::StrCat("none of the ", refs.size(), " checkpoints of ",
                                context.options.job_directory, " can be read, the newest is ",
                                refs.front().path, "; submit the job again to begin anew"));
  }
  if (context.world.rank() != 0) {
    SIMCLR_ASSIGN_OR_RETURN(choice.checkpoint,
                            ReadCheckpoint(context.store, refs[index].path, refs[index].digest));
  }
  WarnIfNotBitExact(context, choice.checkpoint->manifest);
  return std::move(choice.checkpoint);
}

absl::Status Restore(const Checkpoint& checkpoint, const Position& expected, SimclrModel& model,
                     Optimizer& optimizer) {
  const Position& saved = checkpoint.position;
  if (saved.seed != expected.seed || saved.dataset_size != expected.dataset_size ||
      saved.global_batch != expected.global_batch) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the checkpoint belongs to seed ", saved.seed, ", ", saved.dataset_size, " images and batch ",
        saved.global_batch, ", the job now has seed ", expected.seed, ", ", expected.dataset_size,
        " images and batch ", expected.global_batch, "; put the data back or submit a new job"));
  }
  const std::string what = absl::StrCat("the checkpoint of step ", saved.step);
  SIMCLR_RETURN_IF_ERROR(AssignTensors(checkpoint.model, model.State(), what));
  return AssignTensors(checkpoint.optimizer, optimizer.State(), what);
}

Checkpoint Capture(const RunContext& context, const Position& position, const std::string& precision,
                   const SimclrModel& model, const Optimizer& optimizer) {
  Checkpoint checkpoint;
  checkpoint.manifest.step = position.step;
  checkpoint.manifest.attempt = context.options.attempt;
  checkpoint.manifest.nonce = context.options.nonce;
  checkpoint.manifest.spec_hash = context.options.spec_hash;
  checkpoint.manifest.precision = precision;
  checkpoint.manifest.instruction_set = at::get_cpu_capability();
  checkpoint.manifest.threads = context.options.threads;
  checkpoint.manifest.world_size = context.options.world_size;
  checkpoint.position = position;
  checkpoint.model = model.State();
  checkpoint.optimizer = optimizer.State();
  return checkpoint;
}

}  // namespace simclr::engine
