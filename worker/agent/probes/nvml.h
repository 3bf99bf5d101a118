#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace simclr::agent {

struct GpuInfo {
  std::string uuid;
  std::string name;
  std::int64_t memory_bytes = 0;
  std::int64_t used_bytes = 0;
  std::string error;  // why it could not be asked; empty: everything above is set
  // Not every GPU and driver tells these.
  std::optional<double> utilization;  // share of the time in which it was busy, [0, 1]
  std::optional<double> power_watts;
  std::optional<double> temperature_celsius;
};

// All GPUs of a machine at one moment, in NVML's order.
struct GpuState {
  std::string driver;  // its version; empty where it is not told
  std::vector<GpuInfo> gpus;
};

// NVIDIA's management library, opened at run time, so that the agent runs on machines without it. Not
// thread-safe.
class Nvml {
 public:
  // NOT_FOUND without the library, INTERNAL where it is too old or does not start (no driver).
  static absl::StatusOr<std::unique_ptr<Nvml>> Open(const std::string& library);
  ~Nvml();

  GpuState Query() const;

 private:
  struct Functions;

  GpuInfo Describe(unsigned index) const;

  Nvml(void* library, std::unique_ptr<Functions> functions);

  void* const library_;
  const std::unique_ptr<Functions> functions_;
};

}  // namespace simclr::agent
