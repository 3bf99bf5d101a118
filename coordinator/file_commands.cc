#include "coordinator/file_commands.h"

#include <limits>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "coordinator/collect/artifact_tree.h"
#include "coordinator/collect/listing.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/state/observer.h"
#include "coordinator/store/data_directory.h"
#include "coordinator/store/history.h"
#include "coordinator/store/sqlite_ended_jobs.h"
#include "coordinator/store/sqlite_journal.h"
#include "coordinator/store/sqlite_step_metrics.h"
#include "coordinator/store/stored_database.h"

namespace simclr::coordinator {
namespace {

// Every job of a database, as it was at one moment.
struct StoredJobs {
  std::map<std::string, JobPtr> jobs;
  ClusterState state;
};

absl::StatusOr<StoredJobs> ReadJobs(const std::string& data_directory) {
  const DataPaths paths(data_directory);
  std::vector<std::string> losses;
  SIMCLR_ASSIGN_OR_RETURN(StoredDatabase stored, StoredDatabase::Open(paths));
  SIMCLR_ASSIGN_OR_RETURN(const History history,
                          stored.ReadHistory(std::numeric_limits<std::int64_t>::max(), losses));
  ReplayOptions options;
  options.directory = data_directory;
  SIMCLR_ASSIGN_OR_RETURN(Replayed replayed, Replay(history, options));
  StoredJobs found{std::move(replayed.ended), std::move(replayed.state)};
  SIMCLR_RETURN_IF_ERROR(stored.ReadEnded(losses, [&found](const v1::JobRecord& record) {
    found.jobs[record.job().id()] = std::make_shared<v1::JobRecord>(record);
    return absl::OkStatus();
  }));
  if (!losses.empty()) {
    return absl::DataLossError(
        absl::StrCat(losses[0], "; see 'simclr-coordinator check --data-dir ", data_directory, "'"));
  }
  for (const auto& [id, record] : found.state.jobs()) found.jobs[id] = record;
  return found;
}

}  // namespace

absl::Status AdoptCommand(const std::string& data_directory, const std::string& artifact_root,
                          const AdoptOptions& options, std::ostream& out) {
  SIMCLR_ASSIGN_OR_RETURN(DataDirectory directory, DataDirectory::Open(data_directory, ""));
  SIMCLR_ASSIGN_OR_RETURN(const auto journal, SqliteJournal::Open(directory));
  SIMCLR_ASSIGN_OR_RETURN(const auto ended, SqliteEndedJobs::Open(directory));
  SIMCLR_ASSIGN_OR_RETURN(const auto metrics, SqliteStepMetrics::Open(directory.metrics_path()));
  CoordinatorObserver observer;
  SIMCLR_ASSIGN_OR_RETURN(const auto coordinator, Coordinator::Open(CoordinatorOptions(), RealClock(),
                                                                    *journal, *ended, *metrics, observer));
  const ArtifactRoot tree(artifact_root);
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<std::string> lines,
                          Adopt(*coordinator, tree, options, absl::Now()));
  for (const std::string& line : lines) out << Printable(line) << "\n";
  if (lines.empty()) out << "nothing on disk is newer than the database\n";
  if (options.jobs.empty()) {
    SIMCLR_RETURN_IF_ERROR(directory.ForgetRestored());
    out << "the collector removes files again" << std::endl;
  } else {
    out << "the collector still removes nothing; end that with adopt --all or adopt --none" << std::endl;
  }
  return absl::OkStatus();
}

absl::Status CollectCommand(const std::string& data_directory, const std::string& artifact_root,
                            std::ostream& out) {
  SIMCLR_ASSIGN_OR_RETURN(const StoredJobs stored, ReadJobs(data_directory));
  KnownJobs known;
  known.find = [&stored](const std::string& id) -> absl::StatusOr<JobPtr> {
    const auto found = stored.jobs.find(id);
    return found == stored.jobs.end() ? nullptr : found->second;
  };
  known.is_deleted = [&stored](const std::string& id) { return stored.state.FindTombstone(id) != nullptr; };
  SIMCLR_ASSIGN_OR_RETURN(const CollectListing listing,
                          ListCollectable(ArtifactRoot(artifact_root), known, absl::Now()));
  for (const std::string& path : listing.remove) out << "remove   " << Printable(path) << "\n";
  for (const std::string& path : listing.unknown) out << "unknown  " << Printable(path) << "\n";
  out << listing.remove.size() << " to remove, " << listing.unknown.size() << " unknown" << std::endl;
  return absl::OkStatus();
}

}  // namespace simclr::coordinator
