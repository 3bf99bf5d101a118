#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// The name of a checkpoint's directory, "a2-1f2e3d4c-s500" (of placements without nonce "a2-s500"), with
// ".partial" behind it while it is written.
struct CheckpointName {
  int attempt = 0;
  std::string nonce;  // its first digits
  std::int64_t step = 0;
  bool partial = false;
};

// Empty: it is none. Pure.
std::optional<CheckpointName> ParseCheckpointName(absl::string_view name);

// The attempt of `record` whose placement wrote a directory of that name; null: none that it knows. Pure.
const v1::AttemptRecord* WriterOf(const v1::JobRecord& record, const CheckpointName& name);

}  // namespace simclr::coordinator
