#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// An accepted submission: what makes SubmitJob idempotent.
struct Submission {
  std::string owner;
  std::string request_id;
  std::string content_hash;  // of the request's spec, as it was sent
  std::string job_id;
  absl::Time at;
};

// The events that built the state, in order and without a gap, and the state as of some revision, so that not
// all of them are needed at a start. The caller locks.
class Journal {
 public:
  struct Recovered {
    std::string snapshot;           // ClusterState::Serialize of the newest one; empty: none
    std::vector<v1::Event> events;  // after the snapshot
  };

  virtual ~Journal() = default;

  virtual const std::string& cluster_id() const = 0;
  virtual std::int64_t term() const = 0;  // grows with each opening

  virtual absl::StatusOr<Recovered> Load() = 0;
  // All of it is durable when this returns OK, nothing of it otherwise. `submission` may be null.
  // RESOURCE_EXHAUSTED: no space.
  virtual absl::Status Append(const std::vector<v1::Event>& events, const Submission* submission) = 0;
  virtual absl::Status WriteSnapshot(std::int64_t revision, const std::string& bytes) = 0;
  virtual absl::StatusOr<std::optional<Submission>> FindSubmission(const std::string& owner,
                                                                   const std::string& request_id) = 0;
  // Every event since `revision`, for audits and tests.
  virtual absl::StatusOr<std::vector<v1::Event>> EventsAfter(std::int64_t revision) = 0;
};

}  // namespace simclr::coordinator
