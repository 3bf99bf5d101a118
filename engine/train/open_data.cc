#include "engine/train/open_data.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "engine/train/end_class.h"

namespace simclr::engine {
namespace {

namespace fs = std::filesystem;

// The path of "folder:PATH" and its like; empty where the source names none.
std::string PathOf(const std::string& source) {
  if (source.empty() || absl::StartsWith(source, "synthetic:")) return "";
  return source.substr(source.find(':') + 1);
}

std::int64_t CacheBudget(const DataConfig& data, int world_size) {
  if (data.cache_bytes > 0) return data.cache_bytes;
  const std::int64_t memory = static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGE_SIZE);
  return memory / 4 / world_size;
}

absl::StatusOr<Splits> Open(const DataConfig& data, std::uint64_t seed, const RunOptions& options,
                            TrainObserver& observer) {
  for (const std::string& source : {data.source, data.test}) {
    const std::string path = PathOf(source);
    if (!path.empty()) SIMCLR_RETURN_IF_ERROR(CheckUnderRoots(path, options.data_roots));
  }
  SIMCLR_ASSIGN_OR_RETURN(Splits splits,
                          OpenSplits(data, seed, [&observer](std::int64_t files, std::int64_t bytes) {
                            observer.OnDataRead(files, bytes);
                          }));
  const std::int64_t budget = CacheBudget(data, options.world_size);
  const auto on_bad = [&observer](const std::string& warning) { observer.OnWarning(warning); };
  splits.train = WithCache(splits.train, budget, on_bad);
  if (splits.test != nullptr) splits.test = WithCache(splits.test, budget / 4, on_bad);
  return splits;
}

}  // namespace

absl::Status CheckUnderRoots(const std::string& path, const std::vector<std::string>& roots) {
  if (roots.empty()) return absl::OkStatus();
  std::error_code ignored;
  const fs::path resolved = fs::weakly_canonical(path, ignored);
  for (const std::string& root : roots) {
    const fs::path below = resolved.lexically_relative(fs::weakly_canonical(root, ignored));
    if (!below.empty() && *below.begin() != "..") return absl::OkStatus();
  }
  return absl::PermissionDeniedError(
      absl::StrCat("'", Printable(path), "' is not under a data root of this worker (", PrintableList(roots),
                   "); move the data there or start the worker with --data-root"));
}

absl::StatusOr<Splits> OpenJobData(const DataConfig& data, std::uint64_t seed, const RunOptions& options,
                                   TrainObserver& observer) {
  absl::StatusOr<Splits> splits = Open(data, seed, options, observer);
  if (!splits.ok()) return DataStatus(splits.status());
  return splits;
}

}  // namespace simclr::engine
