#include "coordinator/store/sqlite_step_metrics.h"

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"

namespace simclr::coordinator {
namespace {

constexpr char kSchema[] = R"(
  CREATE TABLE IF NOT EXISTS step_metrics (
    job_id TEXT NOT NULL, step INTEGER NOT NULL, attempt INTEGER NOT NULL, nonce TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (job_id, step, attempt, nonce)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS metric_series (
    job_id TEXT PRIMARY KEY, points INTEGER NOT NULL, stride INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)";

absl::StatusOr<SqliteDb> OpenWithSchema(const std::string& path) {
  SqliteOptions options;
  options.sync = SqliteOptions::Sync::kNormal;
  SIMCLR_ASSIGN_OR_RETURN(SqliteDb db, SqliteDb::Open(path, options));
  SIMCLR_RETURN_IF_ERROR(db.Execute(kSchema));
  return db;
}

// With its log, which would otherwise be taken for that of the file which is made in its place.
absl::Status PutAside(const std::string& path, const absl::Status& damage) {
  FileSystem& files = PosixFileSystem();
  int number = 1;
  while (files.Exists(absl::StrCat(path, ".damaged-", number))) ++number;
  const std::string aside = absl::StrCat(path, ".damaged-", number);
  LogWarning("measured steps cannot be read; the file is put aside and a new one begun",
             {{"file", aside}, {"error", std::string(damage.message())}});
  SIMCLR_RETURN_IF_ERROR(files.RemoveAll(absl::StrCat(path, "-wal")));
  SIMCLR_RETURN_IF_ERROR(files.RemoveAll(absl::StrCat(path, "-shm")));
  return files.Rename(path, aside);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStepMetrics>> SqliteStepMetrics::Open(
    const std::string& path, const SqliteStepMetricsOptions& options) {
  std::unique_ptr<SqliteStepMetrics> metrics(new SqliteStepMetrics(path, options));
  absl::MutexLock lock(&metrics->mutex_);
  SIMCLR_RETURN_IF_ERROR(metrics->OpenDatabase());
  return metrics;
}

absl::Status SqliteStepMetrics::OpenDatabase() {
  absl::StatusOr<SqliteDb> db = OpenWithSchema(path_);
  if (absl::IsDataLoss(db.status())) {
    SIMCLR_RETURN_IF_ERROR(PutAside(path_, db.status()));
    db = OpenWithSchema(path_);
  }
  SIMCLR_RETURN_IF_ERROR(db.status());
  db_.emplace(*std::move(db));
  return absl::OkStatus();
}

absl::Status SqliteStepMetrics::WithDatabase(absl::FunctionRef<absl::Status(SqliteDb&)> work) {
  absl::MutexLock lock(&mutex_);
  if (!db_.has_value()) SIMCLR_RETURN_IF_ERROR(OpenDatabase());
  const absl::Status status = work(*db_);
  if (!absl::IsDataLoss(status)) return status;
  db_.reset();
  SIMCLR_RETURN_IF_ERROR(PutAside(path_, status));
  SIMCLR_RETURN_IF_ERROR(OpenDatabase());
  return work(*db_);
}

absl::Status SqliteStepMetrics::Append(const std::string& job_id, int attempt, const std::string& nonce,
                                       const std::vector<v1::StepMetrics>& samples) {
  return WithDatabase([&](SqliteDb& db) -> absl::Status {
    SIMCLR_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(db));
    SIMCLR_RETURN_IF_ERROR(AppendTo(db, job_id, attempt, nonce, samples));
    return transaction.Commit();
  });
}

absl::Status SqliteStepMetrics::AppendTo(SqliteDb& db, const std::string& job_id, int attempt,
                                         const std::string& nonce,
                                         const std::vector<v1::StepMetrics>& samples) const {
  SIMCLR_ASSIGN_OR_RETURN(Series series, ReadSeries(db, job_id));
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement insert,
                          db.Prepare("INSERT OR IGNORE INTO step_metrics VALUES (?, ?, ?, ?, ?)"));
  for (const v1::StepMetrics& sample : samples) {
    if (!IsKept(sample.step(), series.stride)) continue;
    insert.Bind(1, job_id).Bind(2, sample.step()).Bind(3, attempt).Bind(4, nonce);
    SIMCLR_RETURN_IF_ERROR(insert.BindBlob(5, sample.SerializeAsString()).Run());
    series.points += db.ChangedRows();
    if (series.points > options_.points_limit) SIMCLR_RETURN_IF_ERROR(Thin(db, job_id, series));
  }
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement update,
                          db.Prepare("INSERT OR REPLACE INTO metric_series VALUES (?, ?, ?)"));
  return update.Bind(1, job_id).Bind(2, series.points).Bind(3, series.stride).Run();
}

absl::StatusOr<SqliteStepMetrics::Series> SqliteStepMetrics::ReadSeries(SqliteDb& db,
                                                                        const std::string& job_id) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement select,
                          db.Prepare("SELECT points, stride FROM metric_series WHERE job_id = ?"));
  Series series;
  SIMCLR_RETURN_IF_ERROR(select.Bind(1, job_id).ForEach([&series](const SqliteStatement& row) {
    series = {row.Integer(0), row.Integer(1)};
    return absl::OkStatus();
  }));
  return series;
}

absl::Status SqliteStepMetrics::Thin(SqliteDb& db, const std::string& job_id, Series& series) {
  series.stride *= 2;
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement drop,
                          db.Prepare("DELETE FROM step_metrics WHERE job_id = ? AND (step - 1) % ? <> 0"));
  SIMCLR_RETURN_IF_ERROR(drop.Bind(1, job_id).Bind(2, series.stride).Run());
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement count,
                          db.Prepare("SELECT COUNT(*) FROM step_metrics WHERE job_id = ?"));
  return count.Bind(1, job_id).ForEach([&series](const SqliteStatement& row) {
    series.points = row.Integer(0);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<v1::StepMetrics>> SqliteStepMetrics::Read(const std::string& job_id,
                                                                     std::int64_t since_step) {
  std::vector<v1::StepMetrics> samples;
  SIMCLR_RETURN_IF_ERROR(WithDatabase([&](SqliteDb& db) -> absl::Status {
    samples.clear();
    SIMCLR_ASSIGN_OR_RETURN(SqliteStatement select,
                            db.Prepare("SELECT attempt, body FROM step_metrics WHERE job_id = ? AND step > ? "
                                       "ORDER BY step, attempt, nonce"));
    return select.Bind(1, job_id).Bind(2, since_step).ForEach([&samples](const SqliteStatement& row) {
      v1::StepMetrics sample;
      if (!sample.ParseFromString(row.Bytes(1))) return absl::OkStatus();
      sample.set_attempt(static_cast<int>(row.Integer(0)));
      samples.push_back(std::move(sample));
      return absl::OkStatus();
    });
  }));
  return samples;
}

absl::Status SqliteStepMetrics::Delete(const std::string& job_id) {
  return WithDatabase([&](SqliteDb& db) -> absl::Status {
    SIMCLR_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(db));
    SIMCLR_ASSIGN_OR_RETURN(SqliteStatement points, db.Prepare("DELETE FROM step_metrics WHERE job_id = ?"));
    SIMCLR_RETURN_IF_ERROR(points.Bind(1, job_id).Run());
    SIMCLR_ASSIGN_OR_RETURN(SqliteStatement series, db.Prepare("DELETE FROM metric_series WHERE job_id = ?"));
    SIMCLR_RETURN_IF_ERROR(series.Bind(1, job_id).Run());
    return transaction.Commit();
  });
}

}  // namespace simclr::coordinator
