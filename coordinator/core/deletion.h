#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/state/records.h"
#include "coordinator/state/state_reader.h"
#include "simclr/v1/event.pb.h"
#include "simclr/v1/job_service.pb.h"

// What a deletion of jobs asks for, and whether it may be. Pure.
namespace simclr::coordinator {

// Whether the caller may delete a job of that owner; the job's id is for the message.
using MayChange = std::function<absl::Status(const std::string& owner, const std::string& id)>;

// NOT_FOUND: was deleted, when and by whom.
absl::Status WasDeleted(const v1::Tombstone& tombstone);

// INVALID_ARGUMENT: no ids, too many, one twice, or what is none.
absl::Status CheckDeleteRequest(const v1::DeleteJobsRequest& request);

// OK if `record`, which has ended, may be forgotten: FAILED_PRECONDITION where an open job names it, unless
// forced; NOT_FOUND where it was deleted already.
absl::Status CheckDeletable(const StateReader& state, const v1::JobRecord& record, bool force);

v1::Event DeletedEvent(const v1::JobRecord& record);

// SHA-256 of the request without its id, hexadecimal: what makes two requests the same.
template <typename Request>
std::string ContentHash(Request request);

}  // namespace simclr::coordinator
