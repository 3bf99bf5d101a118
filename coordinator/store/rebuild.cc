#include "coordinator/store/rebuild.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "coordinator/state/job_record.h"
#include "coordinator/state/overlay.h"
#include "coordinator/store/conversion.h"
#include "coordinator/store/database_builder.h"
#include "coordinator/store/meta.h"
#include "coordinator/store/schema.h"
#include "coordinator/store/snapshot_files.h"
#include "coordinator/store/sqlite_step_metrics.h"

namespace simclr::coordinator {
namespace {

using EndedById = std::map<std::string, JobPtr>;

void Progress(const char* step) {
  LogInfo("the data directory is written anew", {{"step", step}});
}

absl::Status WriteMetaValues(const StoredDatabase& stored, const RebuildOptions& options, SqliteDb& db) {
  SIMCLR_RETURN_IF_ERROR(WriteMeta(db, "schema_version", absl::StrCat(kSchemaVersion)));
  SIMCLR_RETURN_IF_ERROR(WriteMeta(db, "cluster_id", stored.cluster_id()));
  SIMCLR_RETURN_IF_ERROR(WriteMeta(db, "term", absl::StrCat(stored.term())));
  if (options.went_back) return MarkRestored(db, "repaired", options.now);
  return stored.restored().empty() ? absl::OkStatus() : WriteMeta(db, "restored", stored.restored());
}

// Everything but the ended jobs.
absl::Status CopyCommon(StoredDatabase& stored, const History& history, const std::vector<v1::Event>& events,
                        const RebuildOptions& options, std::vector<std::string>& losses,
                        DatabaseBuilder& builder) {
  Progress("events");
  std::vector<std::string> old_gaps;  // of events that no state needs any more
  SIMCLR_RETURN_IF_ERROR(
      stored.ReadEvents(1, history.revision, old_gaps,
                        [&builder](const StoredEvent& event) { return builder.AddEvent(event); }));
  for (const v1::Event& event : events) SIMCLR_RETURN_IF_ERROR(builder.AddEvent(event));
  SIMCLR_RETURN_IF_ERROR(stored.ReadRequests(
      losses, [&builder](const RequestRecord& request) { return builder.AddRequest(request); }));
  return WriteMetaValues(stored, options, builder.db());
}

// A state as a snapshot that belongs to what `builder` holds.
absl::StatusOr<Snapshot> SnapshotOf(std::int64_t revision, std::string bytes, DatabaseBuilder& builder) {
  SIMCLR_ASSIGN_OR_RETURN(std::string digest, builder.EventDigest(revision));
  return Snapshot{revision, std::move(digest), std::move(bytes)};
}

// Losing them costs no job.
absl::Status MoveStepMetrics(const DataPaths& paths, std::vector<std::string>& losses) {
  Progress("measured steps");
  for (const char* suffix : {"", "-wal", "-shm"}) {
    SIMCLR_RETURN_IF_ERROR(PosixFileSystem().RemoveAll(absl::StrCat(paths.metrics, suffix)));
  }
  SIMCLR_RETURN_IF_ERROR(SqliteStepMetrics::Open(paths.metrics).status());
  SIMCLR_ASSIGN_OR_RETURN(SqliteDb db, SqliteDb::Open(paths.metrics));
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement attach, db.Prepare("ATTACH ? AS old"));
  SIMCLR_RETURN_IF_ERROR(attach.Bind(1, paths.database).Run());
  const absl::Status moved = db.Execute(
      "INSERT INTO main.step_metrics SELECT job_id, step, attempt, '', body FROM old.step_metrics;"
      "INSERT INTO main.metric_series SELECT job_id, points, stride FROM old.metric_series;");
  if (!moved.ok()) losses.push_back(absl::StrCat("measured steps: ", moved.message()));
  return absl::OkStatus();
}

// A row that says how a job ended counts more than a history that has lost it: ends such jobs in the history,
// too.
absl::Status EndJobsWithRows(const EndedById& rows, absl::Time now, Replayed& replayed) {
  const Stamp stamp{std::max(now, replayed.state.at()), replayed.state.service_time()};
  Overlay overlay(replayed.state, stamp);
  for (const auto& [id, row] : rows) {
    const JobPtr job = replayed.state.FindJob(id);
    if (job == nullptr || !IsOpen(*job)) continue;
    const v1::JobStatus& status = row->job().status();
    SIMCLR_RETURN_IF_ERROR(
        overlay.Add(EndJob(*job, status.phase(), status.reason(), status.message()), "coordinator"));
    auto record = std::make_shared<v1::JobRecord>(*row);
    record->set_revision(overlay.revision());
    replayed.ended[id] = std::move(record);
  }
  for (const CheckedEvent& checked : overlay.events()) {
    replayed.events.push_back(checked.event);
    replayed.state.Merge(checked.change);
  }
  return absl::OkStatus();
}

absl::StatusOr<EndedById> ReadRows(StoredDatabase& stored, std::vector<std::string>& losses) {
  EndedById rows;
  SIMCLR_RETURN_IF_ERROR(stored.ReadEnded(losses, [&rows](const v1::JobRecord& record) {
    rows[record.job().id()] = std::make_shared<v1::JobRecord>(record);
    return absl::OkStatus();
  }));
  return rows;
}

}  // namespace

absl::Status RebuildConverted(StoredDatabase stored, const DataPaths& paths, const History& history,
                              Replayed replayed, const RebuildOptions& options,
                              std::vector<std::string>& losses) {
  SIMCLR_ASSIGN_OR_RETURN(const Converted converted, ConvertState(replayed, options.now));
  std::vector<v1::Event> events = std::move(replayed.events);
  events.insert(events.end(), converted.events.begin(), converted.events.end());
  SIMCLR_ASSIGN_OR_RETURN(DatabaseBuilder builder, DatabaseBuilder::Begin(paths.database));
  SIMCLR_RETURN_IF_ERROR(CopyCommon(stored, history, events, options, losses, builder));
  Progress("ended jobs");
  for (const auto& [id, job] : converted.ended) SIMCLR_RETURN_IF_ERROR(builder.AddEnded(*job));
  SIMCLR_ASSIGN_OR_RETURN(const Snapshot before, SnapshotOf(converted.revision, converted.before, builder));
  SIMCLR_ASSIGN_OR_RETURN(const Snapshot after,
                          SnapshotOf(converted.after.revision(), converted.after.Serialize(), builder));
  SIMCLR_RETURN_IF_ERROR(builder.Finish());
  SIMCLR_RETURN_IF_ERROR(MoveStepMetrics(paths, losses));
  Progress("snapshots");  // before the database: nobody reads them while that is of schema 1
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().RemoveAll(paths.snapshots));
  SnapshotFiles snapshots(PosixFileSystem(), paths.snapshots);
  SIMCLR_RETURN_IF_ERROR(snapshots.Write(before).status());
  SIMCLR_RETURN_IF_ERROR(snapshots.Write(after).status());
  { const StoredDatabase closed(std::move(stored)); }
  return builder.Install(options.kept_as);
}

absl::Status RebuildRepaired(StoredDatabase stored, const DataPaths& paths, const History& history,
                             Replayed replayed, const RebuildOptions& options,
                             std::vector<std::string>& losses) {
  SIMCLR_ASSIGN_OR_RETURN(EndedById rows, ReadRows(stored, losses));
  SIMCLR_RETURN_IF_ERROR(EndJobsWithRows(rows, options.now, replayed));
  SIMCLR_ASSIGN_OR_RETURN(DatabaseBuilder builder, DatabaseBuilder::Begin(paths.database));
  SIMCLR_RETURN_IF_ERROR(CopyCommon(stored, history, replayed.events, options, losses, builder));
  Progress("ended jobs");
  for (const auto& [id, job] : replayed.ended) rows[id] = job;
  for (const auto& [id, job] : rows) SIMCLR_RETURN_IF_ERROR(builder.AddEnded(*job));
  SIMCLR_ASSIGN_OR_RETURN(const Snapshot snapshot,
                          SnapshotOf(replayed.state.revision(), replayed.state.Serialize(), builder));
  SIMCLR_RETURN_IF_ERROR(builder.Finish());
  // Younger snapshots are of the history that was, or damaged; the older ones build the new history, too.
  SnapshotFiles snapshots(PosixFileSystem(), paths.snapshots);
  for (const std::int64_t revision : snapshots.Revisions()) {
    if (revision > history.revision) SIMCLR_RETURN_IF_ERROR(snapshots.PutAside(revision));
  }
  { const StoredDatabase closed(std::move(stored)); }
  SIMCLR_RETURN_IF_ERROR(builder.Install(options.kept_as));
  return snapshots.Write(snapshot).status();
}

}  // namespace simclr::coordinator
