#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "engine/augment/augmentation.h"
#include "engine/data/dataset.h"
#include "engine/distributed/collective.h"
#include "engine/eval/features.h"
#include "engine/model/simclr_model.h"

namespace simclr::engine {

// Runs the frozen encoder over whole splits, shared out among the ranks; every rank gets all features.
// Batches have fixed borders whatever the rank count, so the features are the same bit for bit. Weights and
// running statistics are not touched. Not thread-safe.
class FeatureExtractor {
 public:
  // The model is in evaluation mode on `device`, in float32. `on_batch` is called after each batch of this
  // rank. All references outlive the object.
  FeatureExtractor(SimclrModel& model, const Augmentation& augmentation, Collective& collective,
                   const at::Device& device, std::function<void()> on_batch);

  // By the evaluation transform.
  absl::StatusOr<Features> Extract(const Dataset& dataset);
  // By crop and flip, drawn for (seed, epoch, index).
  absl::StatusOr<Features> ExtractCropFlip(const Dataset& dataset, std::uint64_t seed, int epoch);

 private:
  using Render = std::function<void(const Image& image, std::int64_t index, PlanarView out)>;

  absl::StatusOr<Features> Extract(const Dataset& dataset, const Render& render);
  std::int64_t SumOverRanks(std::int64_t own);
  // Features of the images [first, end), (end - first, length).
  absl::StatusOr<at::Tensor> EncodeBatch(const Dataset& dataset, std::int64_t first, std::int64_t end,
                                         const Render& render);

  SimclrModel& model_;
  const Augmentation& augmentation_;
  Collective& collective_;
  const at::Device device_;
  const std::function<void()> on_batch_;
};

}  // namespace simclr::engine
