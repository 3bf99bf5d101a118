#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/named_tensor.h"

namespace simclr::engine {

// The safetensors format: u64 little-endian length N, N bytes of JSON header padded with spaces to 8, then the data.
// Tensors are written in C order whatever their strides. Types: F64 F32 F16 BF16 I64 I32 U8 BOOL.
// The reader checks every offset, overlap and size before it touches the data, and names file and tensor in errors.
// Thread-safe functions.
struct SafetensorsFile {
  NamedTensors tensors;  // in the order of the file
  std::map<std::string, std::string> metadata;
};

std::string EncodeSafetensors(const SafetensorsFile& file);
absl::StatusOr<SafetensorsFile> DecodeSafetensors(absl::string_view bytes, absl::string_view name_for_errors);
absl::StatusOr<SafetensorsFile> ReadSafetensors(const std::string& path);
// Writes, syncs and renames: a reader sees the whole file or none.
absl::Status WriteSafetensors(const std::string& path, const SafetensorsFile& file);

}  // namespace simclr::engine
