#include "coordinator/core/job_page.h"

#include <algorithm>

#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/job/proto_time.h"
#include "coordinator/core/page.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

bool GoesBefore(const JobPtr& a, const JobPtr& b, bool newest_first) {
  return newest_first ? a->job().id() > b->job().id() : a->job().id() < b->job().id();
}

}  // namespace

absl::StatusOr<JobQuery> ReadQuery(const v1::ListJobsRequest& request, const std::string& caller) {
  SIMCLR_ASSIGN_OR_RETURN(const int page_size, ReadPageSize(request.page_size()));
  if (!request.page_token().empty() && !IsJobId(request.page_token())) {
    return absl::InvalidArgumentError("page_token is not the next_page_token of another page; leave it out");
  }
  JobQuery query;
  JobFilter& filter = query.filter;
  for (const int kind : request.kinds()) filter.kinds.push_back(static_cast<v1::JobKind>(kind));
  for (const int phase : request.phases()) filter.phases.push_back(static_cast<v1::Phase>(phase));
  filter.name = request.name();
  filter.name_prefix = request.name_prefix();
  filter.owner = request.mine() ? caller : request.owner();
  filter.labels = {request.labels().begin(), request.labels().end()};
  if (request.has_since()) filter.since = FromProto(request.since());
  if (request.has_until()) filter.until = FromProto(request.until());
  query.range.after = request.page_token();
  query.range.limit = page_size + 1;
  query.range.newest_first = request.newest_first();
  query.wants_ended =
      filter.phases.empty() || std::any_of(filter.phases.begin(), filter.phases.end(), IsTerminal);
  return query;
}

std::vector<JobPtr> OpenJobs(const std::map<std::string, JobPtr>& jobs, const JobQuery& query) {
  std::vector<JobPtr> found;
  const auto take = [&](const JobPtr& record) {
    if (query.filter.Matches(*record)) found.push_back(record);
    return static_cast<std::int64_t>(found.size()) < query.range.limit;
  };
  const std::string& after = query.range.after;
  if (query.range.newest_first) {
    auto it = std::make_reverse_iterator(after.empty() ? jobs.end() : jobs.lower_bound(after));
    while (it != jobs.rend() && take(it->second)) ++it;
  } else {
    auto it = jobs.upper_bound(after);
    while (it != jobs.end() && take(it->second)) ++it;
  }
  return found;
}

std::vector<JobPtr> MergeJobs(std::vector<JobPtr> open, std::vector<JobPtr> ended, const JobQuery& query) {
  std::vector<JobPtr> merged;
  std::size_t next_open = 0;
  for (JobPtr& record : ended) {
    while (next_open < open.size() && GoesBefore(open[next_open], record, query.range.newest_first)) {
      merged.push_back(std::move(open[next_open++]));
    }
    if (next_open < open.size() && open[next_open]->job().id() == record->job().id()) ++next_open;
    merged.push_back(std::move(record));
  }
  while (next_open < open.size()) merged.push_back(std::move(open[next_open++]));
  return merged;
}

void FillPage(const std::vector<JobPtr>& jobs, const JobQuery& query,
              const std::function<v1::Job(const v1::JobRecord&)>& describe, v1::ListJobsResponse& response) {
  PageRoom room(static_cast<int>(query.range.limit - 1));
  for (const JobPtr& record : jobs) {
    v1::Job job = describe(*record);
    if (!room.Take(job.ByteSizeLong())) {
      response.set_next_page_token(response.jobs().rbegin()->id());
      return;
    }
    *response.add_jobs() = std::move(job);
  }
}

}  // namespace simclr::coordinator
