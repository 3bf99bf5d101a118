#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/data/dataset.h"

namespace simclr::engine {

// Images in a folder and its sub-folders (links are followed), or in an uncompressed tar archive (ustar, pax,
// GNU), which is indexed once and read in place. Classes and splits as file_layout.h says. Errors as
// OpenDataset.
absl::StatusOr<std::shared_ptr<const Dataset>> OpenFolder(const std::string& path, const std::string& split,
                                                          const DataProgress& progress = nullptr);
absl::StatusOr<std::shared_ptr<const Dataset>> OpenTar(const std::string& path, const std::string& split,
                                                       const DataProgress& progress = nullptr);

}  // namespace simclr::engine
