#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/random_access_file.h"

namespace simclr::engine {

// A regular file of an archive: where its bytes lie.
struct TarEntry {
  std::string path;  // relative, without "./"
  std::int64_t offset = 0;
  std::int64_t size = 0;
};

// Reads the headers of an uncompressed tar archive: ustar with its prefix field, pax `path` and `size`, GNU
// long names and base-256 sizes. Everything but regular files is passed over.
//   header: name 0-99, size 124-135 (octal), checksum 148-155, type 156, magic 257-262, prefix 345-499; 512
//   bytes
// INVALID_ARGUMENT where it is no tar archive (it says so where it is a compressed one), is damaged or cut
// off.
absl::StatusOr<std::vector<TarEntry>> IndexTar(const RandomAccessFile& archive);

}  // namespace simclr::engine
