#include <ATen/Version.h>
#include <torch/version.h>

#include "absl/strings/str_cat.h"
#include "engine/base/cpu_features.h"
#include "engine/base/device.h"

namespace simclr::engine {

bool CudaUsable() {
  return false;
}

absl::StatusOr<at::Device> OpenDevice(DeviceKind kind) {
  if (kind == DeviceKind::kCpu) return at::Device(at::kCPU);
  return absl::UnavailableError(
      "device cuda was asked for, but this trainer is built without CUDA; use device cpu or the CUDA build");
}

bool HasFastBf16(const at::Device& device) {
  return CpuHasBf16();
}

void Synchronize(const at::Device& device) {}

at::Tensor ToDevice(const at::Tensor& host, const at::Device& device) {
  return host.to(device);
}

std::optional<DeviceMemory> MemoryOf(const at::Device& device) {
  return std::nullopt;
}

std::string BuildFacts() {
  return absl::StrCat("libtorch ", TORCH_VERSION, "\ncuda none\nnccl none\ngloo yes\ncpu capability ",
                      at::get_cpu_capability(), "\n");
}

absl::Status CheckLoadedNccl() {
  return absl::OkStatus();
}

}  // namespace simclr::engine
