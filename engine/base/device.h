#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "engine/base/device_kind.h"
#include "engine/base/torch.h"

namespace simclr::engine {

// The seam to CUDA: device_cpu.cc or device_cuda.cc implements it, the build chooses which. Everything else
// in the engine is the same code on both. A build without CUDA answers as a machine without a GPU does.
// Thread-safe.

// cpu, or cuda:0: a trainer sees exactly one GPU. UNAVAILABLE where `kind` is kCuda and there is none.
absl::StatusOr<at::Device> OpenDevice(DeviceKind kind);

// Whether bf16 runs at full speed there: AVX512-BF16 or AMX on the CPU, compute capability 8 or more on a
// GPU.
bool HasFastBf16(const at::Device& device);

// Waits until everything that this thread queued on the device's current stream is done (nothing to do on a
// CPU). Collectives run on streams of their own: one is waited for only once the current stream waits for it.
void Synchronize(const at::Device& device);

// Moves a host tensor to the device, through pinned memory where there is a GPU.
at::Tensor ToDevice(const at::Tensor& host, const at::Device& device);

// What LibTorch's allocator holds on the device: `allocated` is in use by tensors, `reserved` was taken from
// the driver. Nothing for a CPU.
struct DeviceMemory {
  std::int64_t allocated = 0, reserved = 0;  // bytes
};
std::optional<DeviceMemory> MemoryOf(const at::Device& device);

// For --version, one fact a line: LibTorch, CUDA, NCCL as built and as loaded, Gloo, CPU capability.
std::string BuildFacts();

// FAILED_PRECONDITION where the NCCL that was loaded is not the one that LibTorch was built with.
absl::Status CheckLoadedNccl();

}  // namespace simclr::engine
