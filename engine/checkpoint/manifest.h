#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace simclr::engine {

struct ManifestFile {
  std::string name;
  std::int64_t bytes = 0;
  std::string sha256;  // hexadecimal
};

// manifest.json of a checkpoint: what belongs to it, and under which conditions it was written. Resume is
// bit-exact where threads, instruction set and precision are equal; they are recorded so that a difference
// can be told.
struct Manifest {
  static constexpr int kFormatVersion = 1;

  std::int64_t step = 0;  // finished steps
  int attempt = 1;
  std::string nonce;  // of the attempt's placement; empty: of a local run, or older than nonces
  std::string spec_hash;
  std::string precision;        // fp32, bf16 or fp64
  std::string instruction_set;  // as LibTorch names it
  int threads = 1;
  int world_size = 1;
  std::vector<ManifestFile> files;
};

std::string EncodeManifest(const Manifest& manifest);

// DATA_LOSS where the text is damaged, FAILED_PRECONDITION for a format version that this build does not
// know.
absl::StatusOr<Manifest> DecodeManifest(absl::string_view json);

}  // namespace simclr::engine
