#include "worker/agent/probes/slots.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/logging.h"
#include "common/base/text.h"

namespace simclr::agent {
namespace {

constexpr int kMaxSlots = 1024;

class CpuSlots : public SlotProbe {
 public:
  explicit CpuSlots(int count) : slots_(static_cast<std::size_t>(count)) {
    for (int index = 0; index < count; ++index) {
      slots_[static_cast<std::size_t>(index)].set_index(index);
      slots_[static_cast<std::size_t>(index)].set_device(v1::DEVICE_CPU);
      slots_[static_cast<std::size_t>(index)].set_usable(true);
    }
  }

  std::vector<v1::Slot> Probe(const std::set<int>& held) override { return slots_; }

 private:
  std::vector<v1::Slot> slots_;
};

class GpuSlots : public SlotProbe {
 public:
  GpuSlots(std::unique_ptr<Nvml> nvml, std::int64_t busy_memory_bytes)
      : nvml_(std::move(nvml)), busy_memory_bytes_(busy_memory_bytes) {}

  std::vector<v1::Slot> Probe(const std::set<int>& held) override {
    std::vector<v1::Slot> slots;
    gpus_ = nvml_->Query();
    for (const GpuInfo& gpu : gpus_.gpus) {
      const int index = static_cast<int>(slots.size());
      slots.push_back(Describe(gpu, index, held.contains(index)));
    }
    return slots;
  }

  GpuState gpus() const override { return gpus_; }

 private:
  v1::Slot Describe(const GpuInfo& gpu, int index, bool held) const {
    v1::Slot slot;
    slot.set_index(index);
    slot.set_device(v1::DEVICE_CUDA);
    slot.set_name(Printable(gpu.name));
    slot.set_uuid(Printable(gpu.uuid));
    slot.set_memory_bytes(gpu.memory_bytes);
    if (!gpu.error.empty()) {
      slot.set_unusable_reason(Printable(gpu.error, kMaxMessageText));
    } else if (!held && gpu.used_bytes > busy_memory_bytes_) {
      // Without the number: each other text is another event in the coordinator's journal.
      slot.set_unusable_reason("another process uses its memory");
    }
    slot.set_usable(slot.unusable_reason().empty());
    return slot;
  }

  const std::unique_ptr<Nvml> nvml_;
  const std::int64_t busy_memory_bytes_;
  GpuState gpus_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SlotProbe>> MakeSlotProbe(const SlotOptions& options) {
  if (options.slots != "auto") {
    int count = 0;
    if (!absl::SimpleAtoi(options.slots, &count) || count < 1 || count > kMaxSlots) {
      return absl::InvalidArgumentError(
          absl::StrCat("--slots is '", options.slots, "'; use auto or a number from 1 to ", kMaxSlots));
    }
    return std::make_unique<CpuSlots>(count);
  }
  absl::StatusOr<std::unique_ptr<Nvml>> nvml = Nvml::Open(options.nvml_library);
  if (nvml.ok() && !(*nvml)->Query().gpus.empty()) {
    return std::make_unique<GpuSlots>(*std::move(nvml), options.busy_memory_bytes);
  }
  LogInfo("no GPU found: one CPU slot",
          {{"cause", nvml.ok() ? "NVML counts none" : nvml.status().ToString()}});
  return std::make_unique<CpuSlots>(1);
}

}  // namespace simclr::agent
