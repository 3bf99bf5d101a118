#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/named_tensor.h"

namespace simclr::engine {

// The safetensors format: u64 little-endian length N, N bytes of JSON header padded with spaces to 8, then
// the data. Tensors are written in C order whatever their strides, wide types first (so that all data is
// aligned), else in the given order: equal input gives equal bytes. Types: F64 F32 F16 BF16 I64 I32 U8 BOOL.
// The reader trusts nothing: it checks every size, offset, hole and overlap before it touches the data, and
// answers DATA_LOSS with the name of file and tensor. Thread-safe functions.
struct SafetensorsFile {
  NamedTensors tensors;  // in the order of the file
  std::map<std::string, std::string> metadata;
};

// Throws as LibTorch does (unknown type, a name twice): run it under CatchTorch.
std::string EncodeSafetensors(const SafetensorsFile& file);
absl::StatusOr<SafetensorsFile> DecodeSafetensors(absl::string_view bytes, absl::string_view name_for_errors);
absl::StatusOr<SafetensorsFile> ReadSafetensors(const std::string& path);
// Writes, syncs and renames: a reader sees the whole file or none.
absl::Status WriteSafetensors(const std::string& path, const SafetensorsFile& file);

}  // namespace simclr::engine
