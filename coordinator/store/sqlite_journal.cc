#include "coordinator/store/sqlite_journal.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace simclr::coordinator {
namespace {

constexpr absl::Duration kKeepSubmissions = absl::Hours(24);

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteJournal>> SqliteJournal::Open(const DataDirectory& directory) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteDb db, SqliteDb::Open(directory.database_path(), SqliteDb::Sync::kFull));
  return std::unique_ptr<SqliteJournal>(new SqliteJournal(directory, std::move(db)));
}

absl::StatusOr<Journal::Recovered> SqliteJournal::Load() {
  Recovered recovered;
  std::int64_t revision = 0;
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement newest,
                          db_.Prepare("SELECT revision, body FROM snapshots ORDER BY revision DESC LIMIT 1"));
  SIMCLR_ASSIGN_OR_RETURN(const bool found, newest.Step());
  if (found) {
    revision = newest.Integer(0);
    recovered.snapshot = newest.Bytes(1);
  }
  SIMCLR_ASSIGN_OR_RETURN(recovered.events, EventsAfter(revision));
  return recovered;
}

absl::Status SqliteJournal::Append(const std::vector<v1::Event>& events, const Submission* submission) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(db_));
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement insert, db_.Prepare("INSERT INTO events VALUES (?, ?)"));
  for (const v1::Event& event : events) {
    SIMCLR_RETURN_IF_ERROR(insert.Bind(1, event.revision()).BindBlob(2, event.SerializeAsString()).Run());
  }
  if (submission != nullptr) SIMCLR_RETURN_IF_ERROR(Insert(*submission));
  return transaction.Commit();
}

absl::Status SqliteJournal::Insert(const Submission& submission) {
  const std::int64_t now = absl::ToUnixSeconds(submission.at);
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement forget,
                          db_.Prepare("DELETE FROM submissions WHERE at_unix_seconds < ?"));
  SIMCLR_RETURN_IF_ERROR(forget.Bind(1, now - absl::ToInt64Seconds(kKeepSubmissions)).Run());
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement insert,
                          db_.Prepare("INSERT INTO submissions VALUES (?, ?, ?, ?, ?)"));
  insert.Bind(1, submission.owner).Bind(2, submission.request_id).Bind(3, submission.content_hash);
  return insert.Bind(4, submission.job_id).Bind(5, now).Run();
}

absl::Status SqliteJournal::WriteSnapshot(std::int64_t revision, const std::string& bytes) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(db_));
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement insert,
                          db_.Prepare("INSERT OR REPLACE INTO snapshots VALUES (?, ?)"));
  SIMCLR_RETURN_IF_ERROR(insert.Bind(1, revision).BindBlob(2, bytes).Run());
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement forget, db_.Prepare("DELETE FROM snapshots WHERE revision < ?"));
  SIMCLR_RETURN_IF_ERROR(forget.Bind(1, revision).Run());
  return transaction.Commit();
}

absl::StatusOr<std::optional<Submission>> SqliteJournal::FindSubmission(const std::string& owner,
                                                                        const std::string& request_id) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement select,
                          db_.Prepare("SELECT content_hash, job_id, at_unix_seconds FROM submissions "
                                      "WHERE owner = ? AND request_id = ?"));
  SIMCLR_ASSIGN_OR_RETURN(const bool found, select.Bind(1, owner).Bind(2, request_id).Step());
  if (!found) return std::nullopt;
  return Submission{owner, request_id, select.Bytes(0), select.Bytes(1),
                    absl::FromUnixSeconds(select.Integer(2))};
}

absl::StatusOr<std::vector<v1::Event>> SqliteJournal::EventsAfter(std::int64_t revision) {
  SIMCLR_ASSIGN_OR_RETURN(
      SqliteStatement select,
      db_.Prepare("SELECT revision, body FROM events WHERE revision > ? ORDER BY revision"));
  select.Bind(1, revision);
  std::vector<v1::Event> events;
  for (;;) {
    SIMCLR_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return events;
    if (!events.emplace_back().ParseFromString(select.Bytes(1))) {
      return absl::DataLossError(absl::StrCat("event ", select.Integer(0), " in ", directory_.database_path(),
                                              " cannot be read; restore the file from a backup"));
    }
  }
}

}  // namespace simclr::coordinator
