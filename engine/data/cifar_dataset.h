#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/data/dataset.h"

namespace simclr::engine {

// CIFAR-10's binary version: records of a label byte and 3 x 32 x 32 pixel bytes. `path` is the folder that
// holds data_batch_1.bin ... (split train) and test_batch.bin (split test), the folder around
// cifar-10-batches-bin, or one batch file. Class names come from batches.meta.txt beside them, else from
// CIFAR-10. Records are read in place. Errors as OpenDataset.
absl::StatusOr<std::shared_ptr<const Dataset>> OpenCifar(const std::string& path, const std::string& split,
                                                         const DataProgress& progress = nullptr);

}  // namespace simclr::engine
