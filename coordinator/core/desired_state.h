#pragma once

#include <set>
#include <string>
#include <vector>

#include "coordinator/core/observations.h"
#include "coordinator/state/records.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::coordinator {

// What names one rank of one placement: every report of an agent is about one.
struct Placement {
  std::string worker;
  std::string job_id;
  int attempt = 0;
  std::string nonce;
  int rank = 0;
};

// Adds the workers that the job's last attempt is, or was, on.
void AddGang(const v1::JobRecord& job, std::set<std::string>& workers);

// The whole list of what should run on `worker`: its ranks of the live attempts of `jobs` that have not
// exited and are not being stopped. Without stamps. Pure.
v1::Desired DesiredFor(const v1::WorkerRecord& worker, const std::vector<JobPtr>& jobs,
                       const Observations& observations);

}  // namespace simclr::coordinator
