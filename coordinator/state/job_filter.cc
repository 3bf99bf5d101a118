#include "coordinator/state/job_filter.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "common/job/proto_time.h"

namespace simclr::coordinator {
namespace {

template <typename T>
bool IsOneOf(const std::vector<T>& wanted, T value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

bool HasLabels(const v1::JobSpec& spec, const std::map<std::string, std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&spec](const auto& label) {
    const auto found = spec.labels().find(label.first);
    return found != spec.labels().end() && found->second == label.second;
  });
}

bool EndedBefore(const v1::JobStatus& status, absl::Time limit) {
  return limit == absl::InfiniteFuture() || (status.has_ended_at() && FromProto(status.ended_at()) < limit);
}

}  // namespace

bool JobFilter::Matches(const v1::JobRecord& record) const {
  const v1::Job& job = record.job();
  const std::string& job_name = job.spec().name();
  const absl::Time submitted = FromProto(job.status().submitted_at());
  return IsOneOf(kinds, job.spec().kind()) && IsOneOf(phases, job.status().phase()) &&
         (name.empty() || job_name == name) && absl::StartsWith(job_name, name_prefix) &&
         (owner.empty() || job.owner() == owner) && HasLabels(job.spec(), labels) && submitted >= since &&
         submitted < until && EndedBefore(job.status(), ended_before);
}

}  // namespace simclr::coordinator
