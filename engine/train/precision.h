#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/device.h"
#include "engine/config/job_config.h"

namespace simclr::engine {

std::string PrecisionWord(Precision precision);  // "fp32", "bf16", "fp64"
absl::StatusOr<Precision> ParsePrecision(absl::string_view word);

// The precision of a job: what an earlier start resolved (`resolved`, may be empty), else what the job asks
// for, where auto is bf16 if the device is fast at it and fp32 otherwise.
absl::StatusOr<Precision> ResolvePrecision(PrecisionChoice choice, absl::string_view resolved,
                                           const at::Device& device);

// The type that weights are kept in.
at::ScalarType WeightType(Precision precision);

// While it lives, and if `precision` is bf16, LibTorch chooses bf16 for the operations of this thread that
// gain by it. The cache of cast weights is dropped at the end of the outermost scope, before the optimizer
// changes them.
class AutocastScope {
 public:
  AutocastScope(Precision precision, const at::Device& device);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  const bool active_;
  const at::DeviceType type_;
  bool was_enabled_ = false;
};

}  // namespace simclr::engine
