#include "coordinator/store/sqlite_step_metrics.h"

#include <utility>

#include "common/base/status_macros.h"

namespace simclr::coordinator {

absl::StatusOr<std::unique_ptr<SqliteStepMetrics>> SqliteStepMetrics::Open(
    const DataDirectory& directory, const SqliteStepMetricsOptions& options) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteDb db, SqliteDb::Open(directory.database_path(), SqliteDb::Sync::kNormal));
  return std::unique_ptr<SqliteStepMetrics>(new SqliteStepMetrics(std::move(db), options));
}

absl::Status SqliteStepMetrics::Append(const std::string& job_id, int attempt,
                                       const std::vector<v1::StepMetrics>& samples) {
  absl::MutexLock lock(&mutex_);
  SIMCLR_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(db_));
  SIMCLR_ASSIGN_OR_RETURN(Series series, ReadSeries(job_id));
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement insert,
                          db_.Prepare("INSERT OR IGNORE INTO step_metrics VALUES (?, ?, ?, ?)"));
  for (const v1::StepMetrics& sample : samples) {
    if (!IsKept(sample.step(), series.stride)) continue;
    insert.Bind(1, job_id).Bind(2, sample.step()).Bind(3, attempt).BindBlob(4, sample.SerializeAsString());
    SIMCLR_RETURN_IF_ERROR(insert.Run());
    series.points += db_.ChangedRows();
    if (series.points > options_.points_limit) SIMCLR_RETURN_IF_ERROR(Thin(job_id, series));
  }
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement update,
                          db_.Prepare("INSERT OR REPLACE INTO metric_series VALUES (?, ?, ?)"));
  SIMCLR_RETURN_IF_ERROR(update.Bind(1, job_id).Bind(2, series.points).Bind(3, series.stride).Run());
  return transaction.Commit();
}

absl::StatusOr<SqliteStepMetrics::Series> SqliteStepMetrics::ReadSeries(const std::string& job_id) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement select,
                          db_.Prepare("SELECT points, stride FROM metric_series WHERE job_id = ?"));
  SIMCLR_ASSIGN_OR_RETURN(const bool found, select.Bind(1, job_id).Step());
  return found ? Series{select.Integer(0), select.Integer(1)} : Series{};
}

absl::Status SqliteStepMetrics::Thin(const std::string& job_id, Series& series) {
  series.stride *= 2;
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement drop,
                          db_.Prepare("DELETE FROM step_metrics WHERE job_id = ? AND (step - 1) % ? <> 0"));
  SIMCLR_RETURN_IF_ERROR(drop.Bind(1, job_id).Bind(2, series.stride).Run());
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement count,
                          db_.Prepare("SELECT COUNT(*) FROM step_metrics WHERE job_id = ?"));
  SIMCLR_RETURN_IF_ERROR(count.Bind(1, job_id).Step().status());
  series.points = count.Integer(0);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::StepMetrics>> SqliteStepMetrics::Read(const std::string& job_id,
                                                                     std::int64_t since_step) {
  absl::MutexLock lock(&mutex_);
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement select,
                          db_.Prepare("SELECT attempt, body FROM step_metrics WHERE job_id = ? AND step > ? "
                                      "ORDER BY step, attempt"));
  select.Bind(1, job_id).Bind(2, since_step);
  std::vector<v1::StepMetrics> samples;
  for (;;) {
    SIMCLR_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return samples;
    v1::StepMetrics& sample = samples.emplace_back();
    if (!sample.ParseFromString(select.Bytes(1)))
      samples.pop_back();
    else
      sample.set_attempt(static_cast<int>(select.Integer(0)));
  }
}

}  // namespace simclr::coordinator
