#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cli/local/cluster_layout.h"

namespace simclr::cli {

// Makes what is missing of a cluster's own certificate authority, the certificates of coordinator and workers
// (an expired or broken pair counts as missing), and the operator's token. Keys and token have mode 0600.
absl::Status EnsurePki(const ClusterLayout& layout, const std::vector<std::string>& workers, absl::Time now);

// A file of mode 0600 from its first byte on.
absl::Status WriteSecret(const std::string& path, const std::string& text);

}  // namespace simclr::cli
