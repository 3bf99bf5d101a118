#pragma once

#include "engine/data/batch_loader.h"
#include "engine/train/measure.h"
#include "engine/train/train_step.h"

namespace simclr::engine {

// Each puts what it is given into the measurements of a step. They allocate nothing. Thread-safe.

// Loss, contrastive metrics, gradient norm, and the collapse gauges where the step took them.
void RecordOutcome(const StepOutcome& outcome, Measurements& values);
// The loader's side of the step: queue, and what its threads spent on the batch.
void RecordBatch(const Batch& batch, int queue_capacity, Measurements& values);
void RecordMemory(const at::Device& device, Measurements& values);
// The parts, what is left of `whole` as seconds/other, and `whole` itself.
void RecordTime(const StepParts& parts, absl::Duration whole, Measurements& values);

}  // namespace simclr::engine
