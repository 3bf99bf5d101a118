#include "worker/agent/probes/probes.h"

#include "worker/agent/probes/disk.h"

namespace simclr::agent {

void Probes::SetHeld(std::set<int> held) {
  {
    absl::MutexLock lock(&mutex_);
    if (held == held_) return;
    held_ = std::move(held);
    asked_ = true;
  }
  wake().Raise();
}

absl::Duration Probes::RunOnce(absl::Duration now) {
  std::set<int> held;
  {
    absl::MutexLock lock(&mutex_);
    if (!std::exchange(asked_, false) && now - probed_at_ < options_.interval) {
      return probed_at_ + options_.interval;
    }
    held = held_;
  }
  probed_at_ = now;
  Probed probed;
  {
    const CallWatch::Call call(calls_, "the GPU driver");
    probed.slots = slots_.Probe(held);
    probed.gpus = slots_.gpus();
  }
  for (const auto& [name, path] : options_.disks) {
    const CallWatch::Call call(calls_, path);
    if (const auto bytes = FreeBytes(path); bytes.ok()) probed.free_bytes[name] = *bytes;
  }
  probed_(std::move(probed));
  return now + options_.interval;
}

}  // namespace simclr::agent
