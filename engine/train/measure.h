#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

namespace simclr::engine {

// Everything that a run measures. Seconds are those of this rank. An enumerator's name in the service is
// MeasureName.
enum class Measure {
  // Of the global batch, equal on all ranks.
  kLoss,
  kLr,
  kTemperature,
  kContrastiveAccuracy,      // share of rows whose partner is the most similar of the N candidates
  kContrastiveAccuracyTop5,  // whose partner is among the five most similar
  kContrastiveEntropy,       // nats
  kGradientNorm,
  kBadImages,        // that could not be decoded, most in one epoch of this attempt, all ranks together
  kImagesPerSecond,  // of all ranks together
  // Collapse gauges, on rank 0, in the first step of an attempt and in every 25th.
  kPositiveSimilarity,
  kNegativeSimilarity,
  kAlignment,
  kUniformity,
  kEmbeddingStd,
  kFeatureStd,
  kEffectiveRank,
  // Of this rank.
  kQueueDepth,     // batches that were ready when the step asked for one
  kQueueCapacity,  // batches that the loader holds at most
  kMemoryBytes,    // resident memory of the process
  kGpuMemoryAllocatedBytes,
  kGpuMemoryReservedBytes,
  // What the training thread spent since the step before was reported; all of them together are kSecondsStep.
  kSecondsData,      // waiting for the loader
  kSecondsH2d,       // moving the batch to the device
  kSecondsForward,   // model and loss
  kSecondsGather,    // collecting the embeddings of all ranks
  kSecondsBackward,  // with the reductions of gradients that it hides
  kSecondsReduce,    // waiting for the reductions that it did not hide, and averaging
  // Waiting inside the collectives of global batch norm, forward and backward. With NCCL about 0: there they
  // are only queued, and their time is in forward and backward.
  kSecondsNormSync,
  kSecondsOptimizer,   // updating the weights
  kSecondsCheckpoint,  // saving after the step before; what is saved after the last step is in no step's
  kSecondsOther,
  kSecondsStep,
  // What the loader's threads together spent on this step's batch: beside training, so no part of the step.
  kSecondsDecode,
  kSecondsAugment,
  // Of a linear evaluation, once an epoch of its classifier.
  kEvalLoss,
  kEvalTop1,
  kEvalEpoch,
  kCount,  // of the enumerators above; no measure
};

inline constexpr auto kMeasures = static_cast<std::size_t>(Measure::kCount);

// Such as "seconds/norm_sync": the key in StepMetrics.values, in metrics.csv and in `simclrctl metrics`.
const char* MeasureName(Measure measure);

// One value a measure; NaN where it was not measured. Allocates nothing. Thread-compatible.
class Measurements {
 public:
  Measurements() { values_.fill(std::numeric_limits<double>::quiet_NaN()); }

  double& operator[](Measure measure) { return values_[static_cast<std::size_t>(measure)]; }
  double operator[](Measure measure) const { return values_[static_cast<std::size_t>(measure)]; }
  bool Has(Measure measure) const { return !std::isnan((*this)[measure]); }

  // Calls visit(Measure, double) for what was measured, in the order of the enumerators.
  template <typename Visitor>
  void ForEach(const Visitor& visit) const {
    for (std::size_t i = 0; i < kMeasures; ++i) {
      if (!std::isnan(values_[i])) visit(static_cast<Measure>(i), values_[i]);
    }
  }

 private:
  std::array<double, kMeasures> values_;
};

}  // namespace simclr::engine
