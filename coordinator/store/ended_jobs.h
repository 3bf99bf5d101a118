#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "coordinator/state/job_filter.h"
#include "coordinator/state/records.h"
#include "simclr/v1/job.pb.h"

namespace simclr::coordinator {

// A part of a list: at most `limit` jobs beyond the id `after` (empty: from the start), in the order of ids,
// which is submit order, or against it.
struct JobRange {
  std::string after;
  std::int64_t limit = 100;
  bool newest_first = false;
};

// Which ended jobs are to be deleted, on the clock of service time.
struct Expiry {
  absl::Duration now;  // retentions that jobs name are over by then
  // Of jobs that name none: those that ended before, and all but so many of those that ended last.
  absl::Duration ended_before = -absl::InfiniteDuration();
  std::optional<std::int64_t> newest;
};

// The jobs that have ended: rows that are read on demand. Thread-safe; each call may wait for the disk.
class EndedJobs {
 public:
  virtual ~EndedJobs() = default;

  virtual absl::StatusOr<JobPtr> Find(const std::string& id) = 0;               // null: none
  virtual absl::StatusOr<JobPtr> FindNewestNamed(const std::string& name) = 0;  // null: none
  virtual absl::StatusOr<std::vector<JobPtr>> List(const JobFilter& filter, const JobRange& range) = 0;
  // By the revision of the event that ended them.
  virtual absl::StatusOr<std::vector<JobPtr>> EndedAfter(std::int64_t revision, std::int64_t limit) = 0;
  // Ids, the oldest first.
  virtual absl::StatusOr<std::vector<std::string>> Expired(const Expiry& expiry, std::int64_t limit) = 0;
};

}  // namespace simclr::coordinator
