#include "engine/train/record.h"

#include <optional>

#include "engine/base/device.h"
#include "engine/base/process_memory.h"

namespace simclr::engine {

void RecordOutcome(const StepOutcome& outcome, Measurements& values) {
  values[Measure::kLoss] = outcome.loss;
  values[Measure::kContrastiveAccuracy] = outcome.contrast.accuracy;
  values[Measure::kContrastiveAccuracyTop5] = outcome.contrast.accuracy_top5;
  values[Measure::kContrastiveEntropy] = outcome.contrast.entropy;
  values[Measure::kGradientNorm] = outcome.gradient_norm;
  if (!outcome.collapse) return;
  const CollapseGauges& collapse = *outcome.collapse;
  values[Measure::kPositiveSimilarity] = collapse.positive_similarity;
  values[Measure::kNegativeSimilarity] = collapse.negative_similarity;
  values[Measure::kAlignment] = collapse.alignment;
  values[Measure::kUniformity] = collapse.uniformity;
  values[Measure::kEmbeddingStd] = collapse.embedding_std;
  values[Measure::kFeatureStd] = collapse.feature_std;
  values[Measure::kEffectiveRank] = collapse.effective_rank;
}

void RecordBatch(const Batch& batch, int queue_capacity, Measurements& values) {
  values[Measure::kQueueDepth] = batch.queued;
  values[Measure::kQueueCapacity] = queue_capacity;
  values[Measure::kSecondsDecode] = absl::ToDoubleSeconds(batch.decode_time);
  values[Measure::kSecondsAugment] = absl::ToDoubleSeconds(batch.augment_time);
}

void RecordMemory(const at::Device& device, Measurements& values) {
  values[Measure::kMemoryBytes] = static_cast<double>(ResidentBytes());
  const std::optional<DeviceMemory> memory = MemoryOf(device);
  if (!memory) return;
  values[Measure::kGpuMemoryAllocatedBytes] = static_cast<double>(memory->allocated);
  values[Measure::kGpuMemoryReservedBytes] = static_cast<double>(memory->reserved);
}

void RecordTime(const StepParts& parts, absl::Duration whole, Measurements& values) {
  values[Measure::kSecondsData] = absl::ToDoubleSeconds(parts.data);
  values[Measure::kSecondsH2d] = absl::ToDoubleSeconds(parts.h2d);
  values[Measure::kSecondsForward] = absl::ToDoubleSeconds(parts.forward);
  values[Measure::kSecondsGather] = absl::ToDoubleSeconds(parts.gather);
  values[Measure::kSecondsBackward] = absl::ToDoubleSeconds(parts.backward);
  values[Measure::kSecondsReduce] = absl::ToDoubleSeconds(parts.reduce);
  values[Measure::kSecondsNormSync] = absl::ToDoubleSeconds(parts.norm_sync);
  values[Measure::kSecondsOptimizer] = absl::ToDoubleSeconds(parts.optimizer);
  values[Measure::kSecondsCheckpoint] = absl::ToDoubleSeconds(parts.checkpoint);
  values[Measure::kSecondsOther] = absl::ToDoubleSeconds(whole - parts.Sum());
  values[Measure::kSecondsStep] = absl::ToDoubleSeconds(whole);
}

}  // namespace simclr::engine
