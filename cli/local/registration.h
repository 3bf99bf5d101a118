#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace simclr::cli {

struct ExpectedWorker {
  std::string name;
  // Of the process that runs now: names its incarnation once it has one. An earlier process may still be
  // listed.
  std::string endpoint_file;
};

// Asks the coordinator at `address` until all workers are registered and alive. DEADLINE_EXCEEDED names the
// one that is not.
absl::Status AwaitWorkers(const std::string& address, const std::string& ca, const std::string& token_file,
                          const std::vector<ExpectedWorker>& workers, absl::Duration limit);

}  // namespace simclr::cli
