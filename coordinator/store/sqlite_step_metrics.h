#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/store/data_directory.h"
#include "coordinator/store/sqlite_db.h"
#include "coordinator/store/step_metrics.h"

namespace simclr::coordinator {

struct SqliteStepMetricsOptions {
  std::int64_t points_limit = 10'000;  // a job; reached, every second point is dropped
};

// Thread-safe; its own connection, so that a long read never holds up the journal.
class SqliteStepMetrics : public StepMetricsStore {
 public:
  static absl::StatusOr<std::unique_ptr<SqliteStepMetrics>> Open(
      const DataDirectory& directory, const SqliteStepMetricsOptions& options = {});

  absl::Status Append(const std::string& job_id, int attempt,
                      const std::vector<v1::StepMetrics>& samples) override;
  absl::StatusOr<std::vector<v1::StepMetrics>> Read(const std::string& job_id,
                                                    std::int64_t since_step) override;

 private:
  struct Series {
    std::int64_t points = 0;
    std::int64_t stride = 1;
  };

  SqliteStepMetrics(SqliteDb db, const SqliteStepMetricsOptions& options)
      : options_(options), db_(std::move(db)) {}
  absl::StatusOr<Series> ReadSeries(const std::string& job_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Thin(const std::string& job_id, Series& series) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const SqliteStepMetricsOptions options_;
  absl::Mutex mutex_;
  SqliteDb db_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::coordinator
