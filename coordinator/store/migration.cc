#include "coordinator/store/migration.h"

#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/file_system.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "coordinator/store/history.h"
#include "coordinator/store/rebuild.h"
#include "coordinator/store/schema.h"
#include "coordinator/store/stored_database.h"

namespace simclr::coordinator {
namespace {

absl::Status Convert(StoredDatabase stored, const DataPaths& paths, absl::Time now) {
  const std::string kept_as = absl::StrCat(paths.database, ".before-", kSchemaVersion);
  LogInfo("the data directory is of an older version and is converted",
          {{"directory", paths.directory}, {"schema", absl::StrCat(stored.version())}, {"kept", kept_as}});
  std::vector<std::string> losses;
  SIMCLR_ASSIGN_OR_RETURN(const History history,
                          stored.ReadHistory(std::numeric_limits<std::int64_t>::max(), losses));
  if (!losses.empty()) return absl::DataLossError(absl::StrJoin(losses, "; "));
  ReplayOptions replay;
  replay.directory = paths.directory;
  SIMCLR_ASSIGN_OR_RETURN(Replayed replayed, Replay(history, replay));
  RebuildOptions options;
  options.kept_as = kept_as;
  options.now = now;
  SIMCLR_RETURN_IF_ERROR(
      RebuildConverted(std::move(stored), paths, history, std::move(replayed), options, losses));
  for (const std::string& loss : losses) LogWarning("not converted", {{"what", loss}});
  LogInfo("the data directory is converted", {{"directory", paths.directory}});
  return absl::OkStatus();
}

}  // namespace

absl::Status Migrate(const DataPaths& paths, absl::Time now) {
  if (!PosixFileSystem().Exists(paths.database)) return absl::OkStatus();
  absl::StatusOr<StoredDatabase> stored = StoredDatabase::Open(paths);
  // One that cannot be read at all is the business of whoever opens it next.
  if (!stored.ok() || stored->version() == kSchemaVersion) return absl::OkStatus();
  return Convert(*std::move(stored), paths, now);
}

}  // namespace simclr::coordinator
