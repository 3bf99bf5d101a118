#pragma once

#include <string>
#include <vector>

#include "coordinator/store/ended_jobs.h"

namespace simclr::coordinator {

// A question to the table ended_jobs: SQL with a text for each of its parameters.
struct EndedJobsQuery {
  std::string sql;
  std::vector<std::string> texts;
};

// The records that a list shows. Each runs along one index in the order of ids and reads no row that is not
// shown. Pure.
EndedJobsQuery ListQuery(const JobFilter& filter, const JobRange& range);

// The ids of EndedJobs::Expired, along an index. Pure.
std::string ExpiredQuery(const Expiry& expiry, std::int64_t limit);

}  // namespace simclr::coordinator
