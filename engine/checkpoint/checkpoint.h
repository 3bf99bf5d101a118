#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/storage/artifact_store.h"
#include "engine/base/named_tensor.h"
#include "engine/checkpoint/manifest.h"

namespace simclr::engine {

// Where a run stands in its data. All randomness is keyed by (seed, epoch, sample, view), so the finished
// steps and what fixes the order of samples are the whole state of sampler and random numbers.
struct Position {
  std::int64_t step = 0;  // finished steps: the next batch is that of step `step`, counted from 0
  std::uint64_t seed = 0;
  std::int64_t dataset_size = 0;
  int global_batch = 0;

  friend bool operator==(const Position&, const Position&) = default;
};

// Everything that a run needs to go on as if it had never stopped.
struct Checkpoint {
  Manifest manifest;  // `files` is filled by the writer
  Position position;
  NamedTensors model;      // weights and buffers of encoder and head
  NamedTensors optimizer;  // momentum
};

struct WrittenCheckpoint {
  std::string path;  // relative to the store's root
  std::int64_t bytes = 0;
  std::string digest;  // SHA-256 of manifest.json
};

// Writes model.safetensors, optimizer.safetensors, position.json and manifest.json as one artifact,
// "<job>/checkpoints/a2-1f2e3d4c-s500": attempt, first digits of its nonce (without one "a2-s500"), step.
// After a failure nothing of it is left, and older checkpoints are untouched. RESOURCE_EXHAUSTED where the
// disk is full.
absl::StatusOr<WrittenCheckpoint> WriteCheckpoint(ArtifactStore& store, const std::string& job_directory,
                                                  const Checkpoint& checkpoint);

// Reads and verifies one checkpoint: every file is there with its size and checksum, and manifest.json has
// `digest` (where that is not empty). DATA_LOSS or NOT_FOUND names the file that is damaged or missing.
// Tensors are on the CPU.
absl::StatusOr<Checkpoint> ReadCheckpoint(const ArtifactStore& store, const std::string& path,
                                          const std::string& digest);

}  // namespace simclr::engine
