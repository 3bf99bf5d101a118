#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "simclr/v1/job.pb.h"

namespace simclr::coordinator {

// Measured steps of all jobs. Every step is kept up to a limit of points a job, then every second, every
// fourth, ... Losing the last second of them in a crash is fine. Thread-safe.
class StepMetricsStore {
 public:
  virtual ~StepMetricsStore() = default;

  // `nonce` is that of the attempt's placement. A repeated (attempt, nonce, step) changes nothing.
  virtual absl::Status Append(const std::string& job_id, int attempt, const std::string& nonce,
                              const std::vector<v1::StepMetrics>& samples) = 0;
  // Of steps after `since_step`, by step, then by attempt; `attempt` is set in each.
  virtual absl::StatusOr<std::vector<v1::StepMetrics>> Read(const std::string& job_id,
                                                            std::int64_t since_step) = 0;
  virtual absl::Status Delete(const std::string& job_id) = 0;  // none is fine
};

// Which of (step, stride)'s steps stay when only every stride-th is kept: 1, 1 + stride, ...
inline bool IsKept(std::int64_t step, std::int64_t stride) {
  return (step - 1) % stride == 0;
}

}  // namespace simclr::coordinator
