#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/store/sqlite_db.h"
#include "coordinator/store/step_metrics.h"

namespace simclr::coordinator {

struct SqliteStepMetricsOptions {
  std::int64_t points_limit = 10'000;  // a job; reached, every second point is dropped
};

// Measured steps in a database file of their own, which nothing else depends on: a damaged one is put aside
// as PATH.damaged-1, -2, ... with a warning, and a new one is begun. Thread-safe; the mutex is that of the
// one connection.
class SqliteStepMetrics : public StepMetricsStore {
 public:
  static absl::StatusOr<std::unique_ptr<SqliteStepMetrics>> Open(
      const std::string& path, const SqliteStepMetricsOptions& options = {});

  absl::Status Append(const std::string& job_id, int attempt, const std::string& nonce,
                      const std::vector<v1::StepMetrics>& samples) override;
  absl::StatusOr<std::vector<v1::StepMetrics>> Read(const std::string& job_id,
                                                    std::int64_t since_step) override;
  absl::Status Delete(const std::string& job_id) override;

 private:
  struct Series {
    std::int64_t points = 0;
    std::int64_t stride = 1;
  };

  SqliteStepMetrics(std::string path, const SqliteStepMetricsOptions& options)
      : path_(std::move(path)), options_(options) {}
  // Does `work` on the database, once more on a new one where that finds the file damaged.
  absl::Status WithDatabase(absl::FunctionRef<absl::Status(SqliteDb&)> work);
  absl::Status OpenDatabase() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status AppendTo(SqliteDb& db, const std::string& job_id, int attempt, const std::string& nonce,
                        const std::vector<v1::StepMetrics>& samples) const;
  static absl::StatusOr<Series> ReadSeries(SqliteDb& db, const std::string& job_id);
  static absl::Status Thin(SqliteDb& db, const std::string& job_id, Series& series);

  const std::string path_;
  const SqliteStepMetricsOptions options_;
  absl::Mutex mutex_;
  std::optional<SqliteDb> db_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::coordinator
