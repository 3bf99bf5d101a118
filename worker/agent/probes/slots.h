#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "simclr/v1/cluster_service.pb.h"
#include "worker/agent/probes/nvml.h"

namespace simclr::agent {

// The slots of this machine. Not thread-safe.
class SlotProbe {
 public:
  virtual ~SlotProbe() = default;

  // All slots, index i at place i. A slot in `held` runs a trainer of ours: what it uses is no reason against
  // it.
  virtual std::vector<v1::Slot> Probe(const std::set<int>& held) = 0;
  // What the last Probe saw of the GPUs; none where the slots are CPU shares.
  virtual GpuState gpus() const { return {}; }
};

struct SlotOptions {
  std::string slots =
      "auto";  // a number: that many CPU shares; auto: the GPUs, or one CPU share where there are none
  std::string nvml_library = "libnvidia-ml.so.1";  // opened at run time; missing: no GPUs
  // More memory than this in use by others, and the GPU is not given out.
  std::int64_t busy_memory_bytes = std::int64_t{512} << 20;
};

// INVALID_ARGUMENT for a bad `slots`.
absl::StatusOr<std::unique_ptr<SlotProbe>> MakeSlotProbe(const SlotOptions& options);

}  // namespace simclr::agent
