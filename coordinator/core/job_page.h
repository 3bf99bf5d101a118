#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "coordinator/state/records.h"
#include "coordinator/store/ended_jobs.h"
#include "simclr/v1/job_service.pb.h"

// A page of a list of jobs, put together from open jobs in memory and ended ones on disk.
namespace simclr::coordinator {

struct JobQuery {
  JobFilter filter;
  JobRange range;           // one more than the page holds, to know whether another one follows
  bool wants_ended = true;  // false: no phase that is asked for is one of an ended job
};

// INVALID_ARGUMENT: a page size or token that cannot be. Pure.
absl::StatusOr<JobQuery> ReadQuery(const v1::ListJobsRequest& request, const std::string& caller);

// The jobs of `jobs` (by id) that the query means. Pure.
std::vector<JobPtr> OpenJobs(const std::map<std::string, JobPtr>& jobs, const JobQuery& query);

// Both in the query's order. Where a job is in both lists it ended between the two looks: the ended one
// counts. Pure.
std::vector<JobPtr> MergeJobs(std::vector<JobPtr> open, std::vector<JobPtr> ended, const JobQuery& query);

// Adds the jobs of one page, and the token of the next one where there is one. Pure.
void FillPage(const std::vector<JobPtr>& jobs, const JobQuery& query,
              const std::function<v1::Job(const v1::JobRecord&)>& describe, v1::ListJobsResponse& response);

}  // namespace simclr::coordinator
