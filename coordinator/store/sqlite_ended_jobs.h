#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "common/base/gate.h"
#include "coordinator/store/data_directory.h"
#include "coordinator/store/ended_jobs.h"
#include "coordinator/store/sqlite_db.h"

namespace simclr::coordinator {

// One connection for each call that reads.
inline constexpr GateLimits kEndedJobsGate = {.inside = 4};

// Rows of ended_jobs in state.db, over read-only connections: they see every committed row, and neither wait
// for the writer nor make it wait. UNAVAILABLE: the disk does not answer. Thread-safe.
class SqliteEndedJobs : public EndedJobs {
 public:
  // The database is there: a DataDirectory was opened on it.
  static absl::StatusOr<std::unique_ptr<SqliteEndedJobs>> Open(const DataDirectory& directory);

  absl::StatusOr<JobPtr> Find(const std::string& id) override;
  absl::StatusOr<JobPtr> FindNewestNamed(const std::string& name) override;
  absl::StatusOr<std::vector<JobPtr>> List(const JobFilter& filter, const JobRange& range) override;
  absl::StatusOr<std::vector<JobPtr>> EndedAfter(std::int64_t revision, std::int64_t limit) override;
  absl::StatusOr<std::vector<std::string>> Expired(const Expiry& expiry, std::int64_t limit) override;

 private:
  using Records = absl::StatusOr<std::vector<JobPtr>>;

  explicit SqliteEndedJobs(std::vector<std::unique_ptr<SqliteDb>> connections)
      : idle_(std::move(connections)) {}
  // Runs `read` on a connection that nobody else uses meanwhile.
  absl::Status Use(absl::FunctionRef<absl::Status(SqliteDb&)> read);
  // The records of `sql`, whose parameters `bind` sets.
  Records Select(const std::string& sql, absl::FunctionRef<void(SqliteStatement&)> bind);

  Gate gate_{"database", kEndedJobsGate};
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<SqliteDb>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::coordinator
