#include "engine/eval/feature_extractor.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "engine/base/device.h"

namespace simclr::engine {
namespace {

constexpr std::int64_t kBatch = 64;

at::Tensor LabelsOf(const Dataset& dataset) {
  at::Tensor labels = at::empty({dataset.size()}, at::kLong);
  std::int64_t* out = labels.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < dataset.size(); ++i) out[i] = dataset.label(i);
  return labels;
}

}  // namespace

FeatureExtractor::FeatureExtractor(SimclrModel& model, const Augmentation& augmentation,
                                   Collective& collective, const at::Device& device,
                                   std::function<void()> on_batch)
    : model_(model),
      augmentation_(augmentation),
      collective_(collective),
      device_(device),
      on_batch_(std::move(on_batch)) {}

absl::StatusOr<Features> FeatureExtractor::Extract(const Dataset& dataset) {
  return Extract(
      dataset, [this](const Image& image, std::int64_t, PlanarView out) { augmentation_.Eval(image, out); });
}

absl::StatusOr<Features> FeatureExtractor::ExtractCropFlip(const Dataset& dataset, std::uint64_t seed,
                                                           int epoch) {
  return Extract(dataset, [this, seed, epoch](const Image& image, std::int64_t index, PlanarView out) {
    const RandomKey key = {.seed = seed,
                           .stream = Stream::kAugment,
                           .epoch = static_cast<std::uint32_t>(epoch),
                           .index = static_cast<std::uint64_t>(index)};
    augmentation_.CropFlip(image, key, out);
  });
}

absl::StatusOr<Features> FeatureExtractor::Extract(const Dataset& dataset, const Render& render) {
  const std::int64_t n = dataset.size();
  const std::int64_t batches = (n + kBatch - 1) / kBatch;
  const std::int64_t share = (batches + collective_.world_size() - 1) / collective_.world_size();
  // Every rank gathers a full share; rows past the end of the split stay zero and are cut off below.
  at::Tensor own = at::zeros({share * kBatch, model_.features()}, at::kFloat);
  const std::int64_t first_batch = collective_.rank() * share;
  std::int64_t bad = 0;
  for (std::int64_t b = first_batch; b < std::min(batches, first_batch + share); ++b) {
    const std::int64_t first = b * kBatch;
    const std::int64_t end = std::min(n, first + kBatch);
    SIMCLR_ASSIGN_OR_RETURN(const at::Tensor rows, EncodeBatch(dataset, first, end, render));
    own.narrow(0, first - first_batch * kBatch, end - first).copy_(rows);
    for (std::int64_t i = first; i < end; ++i) bad += dataset.bad(i) ? 1 : 0;
    on_batch_();
  }
  const at::Tensor all = collective_.AllGather(own.to(device_)).to(at::kCPU);
  return Features{all.narrow(0, 0, n).contiguous(), LabelsOf(dataset), SumOverRanks(bad)};
}

std::int64_t FeatureExtractor::SumOverRanks(std::int64_t own) {
  at::Tensor sum = at::full({1}, own, at::kLong).to(device_);
  collective_.AllReduceSum(sum);
  return sum.item<std::int64_t>();
}

absl::StatusOr<at::Tensor> FeatureExtractor::EncodeBatch(const Dataset& dataset, std::int64_t first,
                                                         std::int64_t end, const Render& render) {
  const int size = augmentation_.image_size();
  at::Tensor images = at::empty({end - first, 3, size, size}, at::kFloat);
  float* pixels = images.data_ptr<float>();
  std::vector<absl::Status> statuses(static_cast<std::size_t>(end - first));
  at::parallel_for(0, end - first, 1, [&](std::int64_t from, std::int64_t to) {
    for (std::int64_t i = from; i < to; ++i) {
      const absl::StatusOr<Image> image = dataset.Read(first + i);
      statuses[i] = image.status();
      if (image.ok()) render(*image, first + i, {pixels + i * 3 * size * size, size, size});
    }
  });
  for (const absl::Status& status : statuses) SIMCLR_RETURN_IF_ERROR(status);
  const at::NoGradGuard no_grad;
  return model_.Encode(ToDevice(images, device_)).to(at::kCPU);
}

}  // namespace simclr::engine
