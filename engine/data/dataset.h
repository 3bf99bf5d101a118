#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/augment/image.h"

namespace simclr::engine {

struct DataConfig;  // engine/config/job_config.h

// Images with labels, addressed by index. The order is fixed by the source (sorted paths, or the order in the
// file), so that an index means the same image on every rank. Thread-safe.
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual std::int64_t size() const = 0;
  // Class of image `index`; 0 for all images of a flat source.
  virtual int label(std::int64_t index) const = 0;
  // Class names in label order; one, "", for a flat source (it has no labels).
  virtual const std::vector<std::string>& classes() const = 0;
  // For messages and features files: the path below the source, printable (text.h), or "#index".
  virtual std::string name(std::int64_t index) const = 0;
  // INVALID_ARGUMENT where the image cannot be decoded; it names the file.
  virtual absl::StatusOr<Image> Read(std::int64_t index) const = 0;

  // Whether Read has met this image, could not decode it and lets another one stand in (a cached data set).
  virtual bool bad(std::int64_t index) const { return false; }

  bool labelled() const { return classes().size() > 1; }
};

// Told of files that were listed and of bytes that were read, while a data set is opened and whenever images
// are read from it; by any thread, so that an opener or a reader that stands still can be known. Null: nobody
// asks. What it refers to outlives the data sets.
using DataProgress = std::function<void(std::int64_t files, std::int64_t bytes)>;

// Opens folder:PATH, tar:PATH, cifar10:PATH or synthetic:[train=N,test=N,seed=N].
//   A folder or tar may hold class folders, a flat set of files, or <split>/<class>/ with `split` (train or
//   test).
// NOT_FOUND where the path does not exist, INVALID_ARGUMENT where it holds no image or is of the wrong kind;
// both name the path and say what was expected.
absl::StatusOr<std::shared_ptr<const Dataset>> OpenDataset(const std::string& source,
                                                           const std::string& split,
                                                           const DataProgress& progress = nullptr);

// The images that a job uses.
struct Splits {
  std::shared_ptr<const Dataset> train;
  std::shared_ptr<const Dataset> test;  // data.test, else the held-out images; null where there is neither
};

// Opens data.source and data.test. limit_per_class (of the source), then holdout (of what is left) choose
// class by class, keyed by `seed`; a data.test is used whole. INVALID_ARGUMENT where the two have different
// classes, else as OpenDataset.
absl::StatusOr<Splits> OpenSplits(const DataConfig& data, std::uint64_t seed,
                                  const DataProgress& progress = nullptr);

// Keeps decoded images in memory, all or nothing within the budget: then a full pass never decodes twice.
// An image that cannot be decoded is reported once through `on_bad`; the next good one of its class stands in
// for it, so the result does not depend on the order of reads. How many are too many is CheckBadShare's
// matter: one rank does not see them all. `on_bad` may be called by several threads at once.
std::shared_ptr<const Dataset> WithCache(std::shared_ptr<const Dataset> dataset, std::int64_t budget_bytes,
                                         std::function<void(const std::string& warning)> on_bad);

}  // namespace simclr::engine
