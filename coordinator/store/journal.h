#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "coordinator/state/records.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// A mutating call that was answered: what makes its repetition harmless.
struct RequestRecord {
  std::string principal;
  std::string method;
  std::string request_id;
  std::string content_hash;  // of the request, as it was sent
  std::string job_id;        // that it made or changed; of PruneJobs: what tells its answer again
  absl::Duration at;         // service time; it is kept for 24 h of it
};

// What becomes durable in one transaction.
struct JournalBatch {
  std::vector<v1::Event> events;
  std::vector<JobPtr> ended;         // jobs that these events ended, as they leave the state
  std::vector<std::string> deleted;  // ended jobs that these events deleted
  std::vector<RequestRecord> requests;
};

// The events that built the state, in order and without a gap, and snapshots of it, so that not all of them
// are needed at a start. One thread appends; WriteSnapshot may be called from another.
class Journal {
 public:
  struct Recovered {
    std::string snapshot;           // the newest that verifies; empty: none
    std::vector<v1::Event> events;  // after it
  };

  virtual ~Journal() = default;

  virtual const std::string& cluster_id() const = 0;
  virtual std::int64_t term() const = 0;  // grows with each opening

  virtual absl::StatusOr<Recovered> Load() = 0;
  // All of it is durable when this returns OK. RESOURCE_EXHAUSTED (no space) and UNAVAILABLE (locked):
  // nothing of it is. Any other error leaves open whether it is: the process must end, and its next start
  // will know.
  virtual absl::Status Append(const JournalBatch& batch) = 0;
  virtual absl::Status WriteSnapshot(std::int64_t revision, const std::string& bytes) = 0;
  // For the appending thread.
  virtual absl::StatusOr<std::optional<RequestRecord>> FindRequest(const std::string& principal,
                                                                   const std::string& method,
                                                                   const std::string& request_id) = 0;
  // Every event since `revision`, for audits and tests.
  virtual absl::StatusOr<std::vector<v1::Event>> EventsAfter(std::int64_t revision) = 0;
};

}  // namespace simclr::coordinator
