#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "worker/agent/base/call_watch.h"
#include "worker/agent/base/part.h"
#include "worker/agent/probes/slots.h"

namespace simclr::agent {

struct ProbesOptions {
  absl::Duration interval = absl::Seconds(5);
  std::map<std::string, std::string> disks;  // whose free bytes are told: path by name
};

// What the machine said of itself.
struct Probed {
  std::vector<v1::Slot> slots;
  GpuState gpus;
  std::map<std::string, std::int64_t> free_bytes;  // by name of the disk
};

// The part that asks the GPU driver and the disks how they are. May block on both. Thread-safe but for
// RunOnce.
class Probes : public Part {
 public:
  // `probed` is called on the part's thread. What is passed by reference outlives the part.
  Probes(ProbesOptions options, SlotProbe& slots, const Clock& clock, std::function<void(Probed)> probed)
      : options_(std::move(options)), slots_(slots), probed_(std::move(probed)), calls_(clock) {}

  // Slots that run a trainer of ours: what it uses is no reason against them. A change probes at once.
  void SetHeld(std::set<int> held);

  absl::Duration RunOnce(absl::Duration now) override;
  const CallWatch& calls() const { return calls_; }

 private:
  const ProbesOptions options_;
  SlotProbe& slots_;  // of the part's thread
  const std::function<void(Probed)> probed_;
  CallWatch calls_;
  absl::Duration probed_at_ = -absl::InfiniteDuration();  // of the part's thread

  absl::Mutex mutex_;
  std::set<int> held_ ABSL_GUARDED_BY(mutex_);
  bool asked_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace simclr::agent
