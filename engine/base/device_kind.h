#pragma once

namespace simclr::engine {

// The part of the device seam (engine/base/device.h) that needs no tensors, for files that see no LibTorch.

enum class DeviceKind { kCpu, kCuda };
enum class Precision { kFp32, kBf16, kFp64 };

// Whether a CUDA device can be used by this process now. Thread-safe.
bool CudaUsable();

}  // namespace simclr::engine
