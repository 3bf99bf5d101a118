#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/state/records.h"
#include "simclr/v1/job.pb.h"

namespace simclr::coordinator {

inline constexpr std::size_t kMaxSubmitBytes = 3 << 20;  // of a request for several jobs

// NOT_FOUND, for a reference that is neither the id nor the name of a job.
absl::Status NoSuchJob(const std::string& reference);

// OK if a job may come after `before`. INVALID_ARGUMENT or FAILED_PRECONDITION (it failed), with what to do.
// Pure.
absl::Status CheckAfter(const v1::JobRecord& before, const std::string& reference);

// The spec as it is stored: `after` an id, every default filled in, checked. `before` is the job that it
// comes after; null: none, or one that a dry run of a pipeline cannot know yet. INVALID_ARGUMENT with what to
// do. Pure.
absl::StatusOr<v1::JobSpec> PrepareSpec(const v1::JobSpec& spec, const v1::JobRecord* before,
                                        const std::vector<std::string>& data_roots);

// OK if every path that `spec` names lies below one of `roots`. Lexical: ".." is resolved, links are not.
// Pure.
absl::Status CheckDataRoots(const v1::JobSpec& spec, const std::vector<std::string>& roots);

// The job as it is submitted, without its id: BLOCKED behind a job that has not succeeded yet, else QUEUED.
// Pure.
v1::Job NewJob(const v1::JobSpec& spec, const std::string& owner, const v1::JobRecord* before,
               absl::Time now);

}  // namespace simclr::coordinator
