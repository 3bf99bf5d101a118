#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/named_tensor.h"
#include "engine/distributed/collective.h"

namespace simclr::engine {

struct GradientAveragerOptions {
  std::int64_t bucket_bytes = 25 << 20;
  std::int64_t first_bucket_bytes = 1 << 20;  // small, so that the first all-reduce starts early
};

// Averages gradients over ranks while backward still runs. Parameters are laid out in flat buckets, last
// layer first; each gradient is a view into its bucket; a hook counts a bucket down, and a full one is
// all-reduced at once, in a fixed order. Must outlive every backward. One thread besides autograd's.
class GradientAverager {
 public:
  GradientAverager(const NamedTensors& parameters, Collective& collective,
                   const GradientAveragerOptions& options = {});
  ~GradientAverager();
  GradientAverager(const GradientAverager&) = delete;
  GradientAverager& operator=(const GradientAverager&) = delete;

  // Zeroes the buckets; before each backward.
  void Begin();
  // Waits for the reductions (on a GPU: has the current stream wait) and divides by the world size; after
  // each backward.
  void Finish();

  // For tests: sequence numbers of the last step. Hooks and launches share one counter.
  struct Trace {
    std::vector<int> launched_at;  // a bucket each, in launch order
    int last_hook_at = 0;
  };
  const Trace& trace() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace simclr::engine
