#include "coordinator/store/repair.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "coordinator/store/history.h"
#include "coordinator/store/rebuild.h"
#include "coordinator/store/sqlite_db.h"
#include "coordinator/store/stored_database.h"

namespace simclr::coordinator {
namespace {

std::string FreeName(const std::string& path) {
  int number = 1;
  while (PosixFileSystem().Exists(absl::StrCat(path, ".before-repair-", number))) ++number;
  return absl::StrCat(path, ".before-repair-", number);
}

// So that the database is one file. Where that fails, its log is kept beside the copy.
void MoveLog(const std::string& database_path) {
  absl::StatusOr<SqliteDb> db = SqliteDb::Open(database_path);
  if (db.ok()) db->MoveLog(SqliteDb::Checkpoint::kTruncate).IgnoreError();
}

absl::Status CheckSkipped(const History& history, const std::set<std::int64_t>& skip) {
  for (const std::int64_t revision : skip) {
    const bool there =
        std::any_of(history.events.begin(), history.events.end(),
                    [revision](const StoredEvent& event) { return event.revision == revision; });
    if (!there)
      return absl::InvalidArgumentError(
          absl::StrCat("there is no event ", revision, " that could be skipped"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RepairReport> RepairDataDirectory(const DataPaths& paths, const std::set<std::int64_t>& skip,
                                                 absl::Time now) {
  RepairReport report;
  if (PosixFileSystem().Exists(paths.database)) MoveLog(paths.database);
  SIMCLR_ASSIGN_OR_RETURN(StoredDatabase stored, StoredDatabase::Open(paths));
  report.losses = stored.IntegrityFindings();
  const std::int64_t end = skip.empty() ? std::numeric_limits<std::int64_t>::max() : *skip.begin();
  SIMCLR_ASSIGN_OR_RETURN(const History history, stored.ReadHistory(end, report.losses));
  SIMCLR_RETURN_IF_ERROR(CheckSkipped(history, skip));
  ReplayOptions replay;
  replay.skip = skip;
  replay.repair = true;
  SIMCLR_ASSIGN_OR_RETURN(Replayed replayed, Replay(history, replay));
  report.losses.insert(report.losses.end(), replayed.findings.begin(), replayed.findings.end());
  if (report.losses.empty()) return report;
  RebuildOptions options;
  options.kept_as = report.kept_as = FreeName(paths.database);
  options.went_back = true;
  options.now = now;
  const auto rebuild = stored.version() == 1 ? RebuildConverted : RebuildRepaired;
  SIMCLR_RETURN_IF_ERROR(
      rebuild(std::move(stored), paths, history, std::move(replayed), options, report.losses));
  return report;
}

}  // namespace simclr::coordinator
