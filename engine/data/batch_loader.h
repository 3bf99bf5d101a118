#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/augment/augmentation.h"
#include "engine/base/torch.h"
#include "engine/data/dataset.h"
#include "engine/data/sampler.h"

namespace simclr::engine {

// One rank's part of a global batch.
struct Batch {
  std::int64_t step = 0;
  // (2n, 3, S, S): views a of all n images, then views b; float32, or float64 for precision fp64;
  // channels_last.
  at::Tensor views;
  std::vector<std::int64_t> indices;         // n dataset indices
  int bad_images = 0;                        // of these, that could not be decoded: others stand in
  int queued = 0;                            // batches that were ready when this one was asked for: the
                                             // loader keeps up where it is seldom 0
  absl::Duration decode_time, augment_time;  // summed over the loader's threads
};

struct BatchLoaderOptions {
  int threads = 1;
  int queue = 4;  // batches that may wait
  bool fp64 = false;
};

// Decodes and augments ahead of the training thread behind a bounded queue. Batches come in step order and
// are the same whatever the thread count. The destructor stops the threads. Next() by one thread.
class BatchLoader {
 public:
  BatchLoader(std::shared_ptr<const Dataset> dataset, Augmentation augmentation, Sampler sampler,
              std::uint64_t seed, std::int64_t first_step, std::int64_t end_step,
              const BatchLoaderOptions& options);
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  // OUT_OF_RANGE after end_step - 1; the data set's error, from then on always, where an image cannot be
  // read.
  absl::StatusOr<Batch> Next();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace simclr::engine
