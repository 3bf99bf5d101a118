#include "coordinator/state/job_filter.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "absl/strings/match.h"

namespace simclr::coordinator {
namespace {

template <typename T>
bool IsOneOf(const std::vector<T>& wanted, T value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

}  // namespace

bool JobFilter::Matches(const v1::JobRecord& record) const {
  const v1::Job& job = record.job();
  const std::string& job_name = job.spec().name();
  const absl::Time submitted = absl::FromUnixNanos(
      google::protobuf::util::TimeUtil::TimestampToNanoseconds(job.status().submitted_at()));
  return IsOneOf(kinds, job.spec().kind()) && IsOneOf(phases, job.status().phase()) &&
         (name.empty() || job_name == name) && absl::StartsWith(job_name, name_prefix) &&
         (owner.empty() || job.owner() == owner) && labels.empty() && submitted >= since && submitted < until;
}

}  // namespace simclr::coordinator
