#pragma once

#include <cstdint>
#include <memory>
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
};

// NVIDIA's management library, opened at run time, so that the agent runs on machines without it. Not
// thread-safe.
class Nvml {
 public:
  // NOT_FOUND without the library, INTERNAL where it is too old or does not start (no driver).
  static absl::StatusOr<std::unique_ptr<Nvml>> Open(const std::string& library);
  ~Nvml();

  std::vector<GpuInfo> Gpus() const;

 private:
  struct Functions;

  Nvml(void* library, std::unique_ptr<Functions> functions);

  void* const library_;
  const std::unique_ptr<Functions> functions_;
};

}  // namespace simclr::agent
