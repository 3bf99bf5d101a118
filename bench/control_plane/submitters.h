#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/control_plane/bench_pki.h"
#include "bench/control_plane/samples.h"
#include "simclr/v1/cluster_service.grpc.pb.h"
#include "simclr/v1/job_service.grpc.pb.h"

namespace simclr::bench {

// One person's connection, with calls that carry the token and a deadline of 30 s. Thread-safe.
class Person {
 public:
  // Returns after a first answer, so that no measurement counts the connection; DEADLINE_EXCEEDED after 30 s.
  static absl::StatusOr<std::unique_ptr<Person>> Connect(const std::string& address, const BenchPki& pki,
                                                         std::size_t number);
  // So many: people 0, 1, 2, ...
  static absl::StatusOr<std::vector<std::unique_ptr<Person>>> ConnectAll(const std::string& address,
                                                                         const BenchPki& pki, int people);

  absl::StatusOr<v1::Job> Submit(const v1::JobSpec& spec, const std::string& request_id);
  absl::StatusOr<v1::Job> GetJob(const std::string& job);
  // The first answer: all jobs, or their first page.
  absl::StatusOr<v1::ListJobsResponse> ListJobs();
  absl::StatusOr<v1::ListWorkersResponse> ListWorkers();
  absl::Status GetStatus();
  // Opens a watch of one job, takes the first message, and leaves.
  absl::Status FirstOfWatch(const std::string& job);

 private:
  Person(const std::shared_ptr<grpc::Channel>& channel, std::string token);
  absl::Status AwaitFirstAnswer() const;
  template <typename Response, typename Call>
  absl::StatusOr<Response> Unary(const Call& call) const;

  const std::string token_;
  const std::unique_ptr<v1::JobService::Stub> jobs_;
  const std::unique_ptr<v1::ClusterService::Stub> cluster_;
};

// A job of one rank that no field but its name tells from others.
v1::JobSpec SmallJob(const std::string& name);

struct Submissions {
  Samples latencies;  // of those that were accepted
  absl::Duration took;
  std::map<std::string, int> refused;  // by message

  double PerSecond() const { return static_cast<double>(latencies.count()) / absl::ToDoubleSeconds(took); }
};

// `clients` people, each with one submission under way at any time, for `duration`, until one is refused, or
// until `jobs` were sent (0: any number).
absl::StatusOr<Submissions> SubmitFor(const std::string& address, const BenchPki& pki, int clients,
                                      absl::Duration duration, int jobs = 0);

}  // namespace simclr::bench
