#include "engine/train/measure.h"

namespace simclr::engine {

// Without a default, so that the compiler asks for the name of a new measure.
const char* MeasureName(Measure measure) {
  switch (measure) {
    case Measure::kLoss:
      return "loss";
    case Measure::kLr:
      return "lr";
    case Measure::kTemperature:
      return "temperature";
    case Measure::kContrastiveAccuracy:
      return "contrastive_accuracy";
    case Measure::kContrastiveAccuracyTop5:
      return "contrastive_accuracy_top5";
    case Measure::kContrastiveEntropy:
      return "contrastive_entropy";
    case Measure::kGradientNorm:
      return "gradient_norm";
    case Measure::kBadImages:
      return "bad_images";
    case Measure::kImagesPerSecond:
      return "images_per_second";
    case Measure::kPositiveSimilarity:
      return "positive_similarity";
    case Measure::kNegativeSimilarity:
      return "negative_similarity";
    case Measure::kAlignment:
      return "alignment";
    case Measure::kUniformity:
      return "uniformity";
    case Measure::kEmbeddingStd:
      return "embedding_std";
    case Measure::kFeatureStd:
      return "feature_std";
    case Measure::kEffectiveRank:
      return "effective_rank";
    case Measure::kQueueDepth:
      return "queue_depth";
    case Measure::kQueueCapacity:
      return "queue_capacity";
    case Measure::kMemoryBytes:
      return "memory_bytes";
    case Measure::kGpuMemoryAllocatedBytes:
      return "gpu_memory_allocated_bytes";
    case Measure::kGpuMemoryReservedBytes:
      return "gpu_memory_reserved_bytes";
    case Measure::kSecondsData:
      return "seconds/data";
    case Measure::kSecondsH2d:
      return "seconds/h2d";
    case Measure::kSecondsForward:
      return "seconds/forward";
    case Measure::kSecondsGather:
      return "seconds/gather";
    case Measure::kSecondsBackward:
      return "seconds/backward";
    case Measure::kSecondsReduce:
      return "seconds/reduce";
    case Measure::kSecondsNormSync:
      return "seconds/norm_sync";
    case Measure::kSecondsOptimizer:
      return "seconds/optimizer";
    case Measure::kSecondsCheckpoint:
      return "seconds/checkpoint";
    case Measure::kSecondsOther:
      return "seconds/other";
    case Measure::kSecondsStep:
      return "seconds/step";
    case Measure::kSecondsDecode:
      return "seconds/decode";
    case Measure::kSecondsAugment:
      return "seconds/augment";
    case Measure::kEvalLoss:
      return "eval/loss";
    case Measure::kEvalTop1:
      return "eval/top1";
    case Measure::kEvalEpoch:
      return "eval/epoch";
    case Measure::kCount:
      break;
  }
  return "unknown";
}

}  // namespace simclr::engine
