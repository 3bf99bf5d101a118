#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace simclr::cli {

struct ExpectedWorker {
  std::string name;
  std::uint64_t incarnation = 0;  // of the process that runs now; an earlier one may still be listed
};

// Asks the coordinator at `address` until all workers are registered and alive. DEADLINE_EXCEEDED names the
// one that is not.
absl::Status AwaitWorkers(const std::string& address, const std::string& ca, const std::string& token_file,
                          const std::vector<ExpectedWorker>& workers, absl::Duration limit);

}  // namespace simclr::cli
