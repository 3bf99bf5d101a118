#include "coordinator/store/sqlite_journal.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"

namespace simclr::coordinator {
namespace {

constexpr absl::Duration kForgettingInterval = absl::Minutes(1);

SqliteOptions WriterOptions(const SqliteJournalOptions& journal) {
  SqliteOptions options;
  options.auto_checkpoint = false;
  options.busy_timeout = journal.busy_timeout;
  return options;
}

// That events follow `revision`, one after the other.
absl::Status CheckComplete(std::int64_t revision, const std::vector<v1::Event>& events) {
  for (const v1::Event& event : events) {
    if (event.revision() != ++revision) {
      return absl::DataLossError(
          absl::StrCat("events ", revision, " to ", event.revision() - 1, " are missing"));
    }
  }
  return absl::OkStatus();
}

absl::Status WithAdvice(const absl::Status& status, const DataDirectory& directory) {
  if (!absl::IsDataLoss(status)) return status;
  return absl::DataLossError(
      absl::StrCat("the journal in ", directory.path(), " is damaged: ", status.message(),
                   "; restore it from a backup, or see what '", "simclr-coordinator check --data-dir ",
                   directory.path(), "' finds and let 'simclr-coordinator repair' keep that"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteJournal>> SqliteJournal::Open(const DataDirectory& directory,
                                                                   const SqliteJournalOptions& options) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteDb db, SqliteDb::Open(directory.database_path(), WriterOptions(options)));
  SIMCLR_ASSIGN_OR_RETURN(EventRows events, EventRows::Prepare(db));
  SIMCLR_ASSIGN_OR_RETURN(EndedJobRows ended, EndedJobRows::Prepare(db));
  SIMCLR_ASSIGN_OR_RETURN(RequestRows requests, RequestRows::Prepare(db));
  SIMCLR_ASSIGN_OR_RETURN(auto checkpointer,
                          WalCheckpointer::Start(directory.database_path(), options.checkpoints));
  return std::unique_ptr<SqliteJournal>(
      new SqliteJournal(directory, options, std::move(db),
                        {std::move(events), std::move(ended), std::move(requests)}, std::move(checkpointer)));
}

SqliteJournal::SqliteJournal(const DataDirectory& directory, const SqliteJournalOptions& options, SqliteDb db,
                             Tables tables, std::unique_ptr<WalCheckpointer> checkpointer)
    : directory_(directory),
      options_(options),
      db_(std::move(db)),
      tables_(std::move(tables)),
      snapshots_(PosixFileSystem(), directory.snapshots_path()),
      checkpointer_(std::move(checkpointer)) {}

absl::StatusOr<Journal::Recovered> SqliteJournal::Load() {
  Recovered recovered;
  std::int64_t revision = 0;
  SIMCLR_ASSIGN_OR_RETURN(std::optional<Snapshot> snapshot, NewestSnapshot());
  if (snapshot.has_value()) {
    revision = snapshot->revision;
    recovered.snapshot = std::move(snapshot->bytes);
  }
  SIMCLR_ASSIGN_OR_RETURN(recovered.events, EventsAfter(revision));
  SIMCLR_RETURN_IF_ERROR(WithAdvice(CheckComplete(revision, recovered.events), directory_));
  return recovered;
}

absl::StatusOr<std::optional<Snapshot>> SqliteJournal::NewestSnapshot() {
  std::optional<Snapshot> newest;
  for (const std::int64_t revision : snapshots_.Revisions()) {
    absl::StatusOr<Snapshot> snapshot = snapshots_.Read(revision);
    if (!snapshot.ok()) {
      LogWarning("an older state is started from", {{"error", snapshot.status().ToString()}});
      continue;
    }
    // A database that was put back from a copy may lie beside snapshots of the time that it lost.
    SIMCLR_ASSIGN_OR_RETURN(const std::string digest, tables_.events.Digest(revision));
    if (digest != snapshot->event_digest) {
      SIMCLR_RETURN_IF_ERROR(snapshots_.PutAside(revision));
    } else if (!newest.has_value()) {
      newest = std::move(*snapshot);
    } else {
      needed_from_ = revision;
      break;
    }
  }
  return newest;
}

absl::Status SqliteJournal::Append(const JournalBatch& batch) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(db_));
  SIMCLR_RETURN_IF_ERROR(Write(batch));
  return transaction.Commit();
}

absl::Status SqliteJournal::Write(const JournalBatch& batch) {
  for (const v1::Event& event : batch.events) SIMCLR_RETURN_IF_ERROR(tables_.events.Write(event));
  for (const JobPtr& job : batch.ended) SIMCLR_RETURN_IF_ERROR(tables_.ended.Write(*job));
  for (const std::string& id : batch.deleted) SIMCLR_RETURN_IF_ERROR(tables_.ended.Delete(id));
  SIMCLR_RETURN_IF_ERROR(tables_.requests.Write(batch.requests));
  if (batch.events.empty()) return absl::OkStatus();
  const auto at = google::protobuf::util::TimeUtil::TimestampToNanoseconds(batch.events.back().at());
  return ForgetEvents(absl::FromUnixNanos(at));
}

absl::Status SqliteJournal::ForgetEvents(absl::Time now) {
  if (now < next_forgetting_ || needed_from_ == 0) return absl::OkStatus();
  SIMCLR_ASSIGN_OR_RETURN(const absl::Time oldest,
                          tables_.events.Forget(now - options_.keep_events, needed_from_));
  if (oldest == absl::InfinitePast()) return absl::OkStatus();  // more of them with the next batch
  next_forgetting_ = now + kForgettingInterval;
  if (oldest != absl::InfiniteFuture())
    next_forgetting_ = std::max(next_forgetting_, oldest + options_.keep_events);
  return absl::OkStatus();
}

absl::Status SqliteJournal::WriteSnapshot(std::int64_t revision, const std::string& bytes) {
  SqliteOptions reader;
  reader.read_only = true;
  SIMCLR_ASSIGN_OR_RETURN(SqliteDb db, SqliteDb::Open(directory_.database_path(), reader));
  SIMCLR_ASSIGN_OR_RETURN(EventRows events, EventRows::Prepare(db));
  SIMCLR_ASSIGN_OR_RETURN(const std::string digest, events.Digest(revision));
  SIMCLR_ASSIGN_OR_RETURN(needed_from_, snapshots_.Write({revision, digest, bytes}));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<RequestRecord>> SqliteJournal::FindRequest(const std::string& principal,
                                                                        const std::string& method,
                                                                        const std::string& request_id) {
  return tables_.requests.Find(principal, method, request_id);
}

absl::StatusOr<std::vector<v1::Event>> SqliteJournal::EventsAfter(std::int64_t revision) {
  absl::StatusOr<std::vector<v1::Event>> events = tables_.events.After(revision);
  return events.ok() ? events : WithAdvice(events.status(), directory_);
}

}  // namespace simclr::coordinator
