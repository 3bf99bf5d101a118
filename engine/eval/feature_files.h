#pragma once

#include <string>

#include "absl/status/status.h"
#include "common/base/file_system.h"
#include "engine/data/dataset.h"
#include "engine/eval/features.h"

namespace simclr::engine {

// A C-order tensor in NumPy's format 1.0. float32, float64 or int64, on the CPU.
std::string EncodeNpy(const at::Tensor& tensor);

// Writes features-<split>.npy (n, length), labels-<split>.npy (n) and files-<split>.txt (a name a line), all
// in the order of the data set's indices.
absl::Status SaveFeatures(FileSystem& files, const std::string& directory, const std::string& split,
                          const Features& features, const Dataset& dataset);

}  // namespace simclr::engine
