#include "coordinator/store/sqlite_ended_jobs.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "coordinator/store/ended_jobs_query.h"

namespace simclr::coordinator {
namespace {

absl::StatusOr<std::vector<JobPtr>> ReadRecords(SqliteDb& db, const std::string& sql,
                                                absl::FunctionRef<void(SqliteStatement&)> bind) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement select, db.Prepare(sql));
  bind(select);
  std::vector<JobPtr> records;
  SIMCLR_RETURN_IF_ERROR(select.ForEach([&records](const SqliteStatement& row) {
    auto record = std::make_shared<v1::JobRecord>();
    if (!record->ParseFromString(row.Bytes(0)))
      return absl::DataLossError("the record of an ended job cannot be read");
    records.push_back(std::move(record));
    return absl::OkStatus();
  }));
  return records;
}

absl::StatusOr<JobPtr> FirstOf(const absl::StatusOr<std::vector<JobPtr>>& records) {
  if (!records.ok()) return records.status();
  return records->empty() ? nullptr : records->front();
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteEndedJobs>> SqliteEndedJobs::Open(const DataDirectory& directory) {
  std::vector<std::unique_ptr<SqliteDb>> connections;
  SqliteOptions sqlite;
  sqlite.read_only = true;
  for (int i = 0; i < kEndedJobsGate.inside; ++i) {
    SIMCLR_ASSIGN_OR_RETURN(SqliteDb db, SqliteDb::Open(directory.database_path(), sqlite));
    connections.push_back(std::make_unique<SqliteDb>(std::move(db)));
  }
  return std::unique_ptr<SqliteEndedJobs>(new SqliteEndedJobs(std::move(connections)));
}

absl::Status SqliteEndedJobs::Use(absl::FunctionRef<absl::Status(SqliteDb&)> read) {
  SIMCLR_ASSIGN_OR_RETURN(const Gate::Pass pass, gate_.Enter());
  std::unique_ptr<SqliteDb> connection;
  {
    absl::MutexLock lock(&mutex_);
    connection = std::move(idle_.back());
    idle_.pop_back();
  }
  const absl::Status status = read(*connection);
  absl::MutexLock lock(&mutex_);
  idle_.push_back(std::move(connection));
  return status;
}

SqliteEndedJobs::Records SqliteEndedJobs::Select(const std::string& sql,
                                                 absl::FunctionRef<void(SqliteStatement&)> bind) {
  Records records;
  SIMCLR_RETURN_IF_ERROR(Use([&](SqliteDb& db) {
    records = ReadRecords(db, sql, bind);
    return records.status();
  }));
  return records;
}

absl::StatusOr<JobPtr> SqliteEndedJobs::Find(const std::string& id) {
  return FirstOf(Select("SELECT record FROM ended_jobs WHERE id = ?",
                        [&id](SqliteStatement& select) { select.Bind(1, id); }));
}

absl::StatusOr<JobPtr> SqliteEndedJobs::FindNewestNamed(const std::string& name) {
  return FirstOf(Select("SELECT record FROM ended_jobs WHERE name = ? ORDER BY id DESC LIMIT 1",
                        [&name](SqliteStatement& select) { select.Bind(1, name); }));
}

absl::StatusOr<std::vector<JobPtr>> SqliteEndedJobs::List(const JobFilter& filter, const JobRange& range) {
  const EndedJobsQuery query = ListQuery(filter, range);
  return Select(query.sql, [&query](SqliteStatement& select) {
    int parameter = 0;
    for (const std::string& text : query.texts) select.Bind(++parameter, text);
  });
}

absl::StatusOr<std::vector<JobPtr>> SqliteEndedJobs::EndedAfter(std::int64_t revision, std::int64_t limit) {
  return Select("SELECT record FROM ended_jobs WHERE revision > ? ORDER BY revision LIMIT ?",
                [&](SqliteStatement& select) { select.Bind(1, revision).Bind(2, limit); });
}

absl::StatusOr<std::vector<std::string>> SqliteEndedJobs::Expired(const Expiry& expiry, std::int64_t limit) {
  std::vector<std::string> ids;
  SIMCLR_RETURN_IF_ERROR(Use([&](SqliteDb& db) -> absl::Status {
    SIMCLR_ASSIGN_OR_RETURN(SqliteStatement select, db.Prepare(ExpiredQuery(expiry, limit)));
    return select.ForEach([&ids](const SqliteStatement& row) {
      ids.push_back(row.Bytes(0));
      return absl::OkStatus();
    });
  }));
  return ids;
}

}  // namespace simclr::coordinator
