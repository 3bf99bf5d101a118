#include <ATen/Version.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <cuda_runtime_api.h>
#include <torch/version.h>

#include <torch/csrc/distributed/c10d/NCCLUtils.hpp>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "engine/base/cpu_features.h"
#include "engine/base/device.h"
#include "engine/base/torch_status.h"

// A header of another NCCL than LibTorch's has another size of ncclConfig_t: memory corruption, not an error.
static_assert(NCCL_VERSION_CODE == SIMCLR_NCCL_VERSION_CODE,
              "nccl.h is not of the version that LibTorch names");

namespace simclr::engine {
namespace {

std::string NcclVersion(int code) {
  return absl::StrCat(code / 10000, ".", code / 100 % 100, ".", code % 100);
}

}  // namespace

bool CudaUsable() {
  return c10::cuda::device_count() > 0;
}

absl::StatusOr<at::Device> OpenDevice(DeviceKind kind) {
  if (kind == DeviceKind::kCpu) return at::Device(at::kCPU);
  if (!CudaUsable()) {
    return absl::UnavailableError(
        "device cuda was asked for, but this process sees no GPU; check the driver and "
        "CUDA_VISIBLE_DEVICES, or use device cpu");
  }
  SIMCLR_RETURN_IF_ERROR(CatchTorch("opening cuda:0", [] {
    at::cuda::getCurrentDeviceProperties();
    return absl::OkStatus();
  }));
  return at::Device(at::kCUDA, 0);
}

bool HasFastBf16(const at::Device& device) {
  return device.is_cuda() ? at::cuda::getDeviceProperties(device.index())->major >= 8 : CpuHasBf16();
}

void Synchronize(const at::Device& device) {
  if (device.is_cuda()) at::cuda::getCurrentCUDAStream(device.index()).synchronize();
}

at::Tensor ToDevice(const at::Tensor& host, const at::Device& device) {
  if (!device.is_cuda()) return host.to(device);
  return host.pin_memory().to(device, /*non_blocking=*/true);
}

std::optional<DeviceMemory> MemoryOf(const at::Device& device) {
  if (!device.is_cuda()) return std::nullopt;
  const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(device.index());
  constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  return DeviceMemory{stats.allocated_bytes[kAll].current, stats.reserved_bytes[kAll].current};
}

std::string BuildFacts() {
  return absl::StrCat("libtorch ", TORCH_VERSION, "\ncuda ", CUDART_VERSION / 1000, ".",
                      CUDART_VERSION / 10 % 100, "\nnccl built ", NcclVersion(NCCL_VERSION_CODE), " loaded ",
                      NcclVersion(c10d::getNcclVersionNumber()), "\ngloo yes\ncpu capability ",
                      at::get_cpu_capability(), "\n");
}

absl::Status CheckLoadedNccl() {
  const int loaded = c10d::getNcclVersionNumber();
  if (loaded == NCCL_VERSION_CODE) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "NCCL ", NcclVersion(loaded), " was loaded, but LibTorch was built with ",
      NcclVersion(NCCL_VERSION_CODE), "; unset LD_PRELOAD and start the trainer from its own folder"));
}

}  // namespace simclr::engine
