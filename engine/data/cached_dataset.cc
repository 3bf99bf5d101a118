#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "engine/data/dataset.h"

namespace simclr::engine {
namespace {

using SharedImage = std::shared_ptr<const Image>;

class CachedDataset final : public Dataset {
 public:
  CachedDataset(std::shared_ptr<const Dataset> dataset, std::int64_t budget,
                std::function<void(const std::string&)> on_bad)
      : dataset_(std::move(dataset)),
        budget_(budget),
        on_bad_(std::move(on_bad)),
        bad_(dataset_->size()),
        images_(dataset_->size()) {}

  std::int64_t size() const override { return dataset_->size(); }
  int label(std::int64_t index) const override { return dataset_->label(index); }
  const std::vector<std::string>& classes() const override { return dataset_->classes(); }
  std::string name(std::int64_t index) const override { return dataset_->name(index); }

  bool bad(std::int64_t index) const override {
    absl::MutexLock lock(&mutex_);
    return bad_[index];
  }

  absl::StatusOr<Image> Read(std::int64_t index) const override {
    for (std::int64_t tried = 0; tried < size(); ++tried) {
      const std::int64_t candidate = (index + tried) % size();
      if (label(candidate) != label(index)) continue;
      absl::StatusOr<SharedImage> image = ReadOne(candidate);
      if (!image.ok()) return image.status();
      if (*image != nullptr) return **image;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("no image of the class of ", name(index), " can be decoded"));
  }

 private:
  // Null for a bad image; the error where reading itself failed.
  absl::StatusOr<SharedImage> ReadOne(std::int64_t index) const {
    {
      absl::MutexLock lock(&mutex_);
      if (bad_[index]) return SharedImage();
      if (!images_.empty() && images_[index] != nullptr) return images_[index];
    }
    absl::StatusOr<Image> image = dataset_->Read(index);
    if (absl::IsInvalidArgument(image.status())) {
      TakeBad(index, image.status());
      return SharedImage();
    }
    if (!image.ok()) return image.status();
    return Keep(index, std::make_shared<const Image>(*std::move(image)));
  }

  void TakeBad(std::int64_t index, const absl::Status& why) const {
    {
      absl::MutexLock lock(&mutex_);
      if (bad_[index]) return;
      bad_[index] = true;
    }
    on_bad_(absl::StrCat("image left out: ", why.message()));
  }

  // Over the budget nothing is kept at all: a part would be evicted and decoded again in every pass, for
  // nothing.
  SharedImage Keep(std::int64_t index, SharedImage image) const {
    absl::MutexLock lock(&mutex_);
    if (images_.empty() || images_[index] != nullptr) return image;
    bytes_ += static_cast<std::int64_t>(image->pixels.size() + sizeof(Image));
    if (bytes_ > budget_) {
      images_ = {};
    } else {
      images_[index] = image;
    }
    return image;
  }

  const std::shared_ptr<const Dataset> dataset_;
  const std::int64_t budget_;
  const std::function<void(const std::string&)> on_bad_;

  mutable absl::Mutex mutex_;
  mutable std::vector<bool> bad_ ABSL_GUARDED_BY(mutex_);
  mutable std::vector<SharedImage> images_ ABSL_GUARDED_BY(mutex_);  // empty once the budget is exceeded
  mutable std::int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

std::shared_ptr<const Dataset> WithCache(std::shared_ptr<const Dataset> dataset, std::int64_t budget_bytes,
                                         std::function<void(const std::string& warning)> on_bad) {
  return std::make_shared<CachedDataset>(std::move(dataset), budget_bytes, std::move(on_bad));
}

}  // namespace simclr::engine
