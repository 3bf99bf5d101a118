#include "engine/train/precision.h"

#include "absl/strings/str_cat.h"

namespace simclr::engine {

std::string PrecisionWord(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return "fp32";
    case Precision::kBf16:
      return "bf16";
    case Precision::kFp64:
      return "fp64";
  }
  return "fp32";
}

absl::StatusOr<Precision> ParsePrecision(absl::string_view word) {
  for (Precision precision : {Precision::kFp32, Precision::kBf16, Precision::kFp64}) {
    if (word == PrecisionWord(precision)) return precision;
  }
  return absl::InvalidArgumentError(absl::StrCat("'", word, "' is no precision: use fp32, bf16 or fp64"));
}

absl::StatusOr<Precision> ResolvePrecision(PrecisionChoice choice, absl::string_view resolved,
                                           const at::Device& device) {
  if (!resolved.empty()) return ParsePrecision(resolved);
  switch (choice) {
    case PrecisionChoice::kFp32:
      return Precision::kFp32;
    case PrecisionChoice::kBf16:
      return Precision::kBf16;
    case PrecisionChoice::kFp64:
      return Precision::kFp64;
    case PrecisionChoice::kAuto:
      break;
  }
  return HasFastBf16(device) ? Precision::kBf16 : Precision::kFp32;
}

at::ScalarType WeightType(Precision precision) {
  return precision == Precision::kFp64 ? at::kDouble : at::kFloat;
}

AutocastScope::AutocastScope(Precision precision, const at::Device& device)
    : active_(precision == Precision::kBf16), type_(device.type()) {
  if (!active_) return;
  was_enabled_ = at::autocast::is_autocast_enabled(type_);
  at::autocast::set_autocast_enabled(type_, true);
  at::autocast::set_autocast_dtype(type_, at::kBFloat16);
  at::autocast::increment_nesting();
}

AutocastScope::~AutocastScope() {
  if (!active_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(type_, was_enabled_);
}

}  // namespace simclr::engine
