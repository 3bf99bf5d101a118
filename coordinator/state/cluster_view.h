#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "simclr/v1/cluster_service.pb.h"
#include "simclr/v1/job.pb.h"

namespace simclr::coordinator {

struct JobView {
  v1::Job job;
  std::optional<v1::Checkpoint> checkpoint;  // the newest
  std::int64_t evaluated_step = 0;           // of an evaluation: steps of the job that it comes after
};

// What metrics show of the cluster at one moment.
struct ClusterView {
  std::map<std::pair<v1::JobKind, v1::Phase>, std::int64_t> job_counts;  // all jobs
  std::vector<JobView> jobs;        // those that have not ended, and those that ended a short time ago; by id
  std::vector<v1::Worker> workers;  // but those that left
  std::int64_t term = 0;
  std::int64_t revision = 0;
  absl::Time now;
};

}  // namespace simclr::coordinator
