#include "bench/control_plane/submitters.h"

#include <grpcpp/client_context.h>

#include <atomic>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/rpc/channel.h"
#include "common/rpc/status_convert.h"

namespace simclr::bench {
namespace {

constexpr absl::Duration kCallLimit = absl::Seconds(30);

void Prepare(grpc::ClientContext& context, const std::string& token) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + kCallLimit));
  SetBearerToken(context, token);
}

// What the clients of one measurement share.
struct Allowance {
  absl::Duration end;
  std::atomic<std::int64_t> jobs_left;
  std::atomic<bool> refused = false;

  bool Take() { return !refused && RealClock().Monotonic() < end && jobs_left-- > 0; }
};

void Submit(Person& person, Allowance& allowance, Submissions& result) {
  while (allowance.Take()) {
    const absl::Duration start = RealClock().Monotonic();
    const std::string id = HexId(RandomBits());
    const auto job = person.Submit(SmallJob("load-" + id), id);
    if (job.ok()) {
      result.latencies.Add(RealClock().Monotonic() - start);
    } else {
      ++result.refused[std::string(job.status().message())];
      allowance.refused = true;
    }
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Person>> Person::Connect(const std::string& address, const BenchPki& pki,
                                                        std::size_t number) {
  SIMCLR_ASSIGN_OR_RETURN(auto channel, MakeChannel(address, pki.person()));
  std::unique_ptr<Person> person(new Person(channel, pki.token(number)));
  SIMCLR_RETURN_IF_ERROR(person->AwaitFirstAnswer());
  return person;
}

absl::StatusOr<std::vector<std::unique_ptr<Person>>> Person::ConnectAll(const std::string& address,
                                                                        const BenchPki& pki, int people) {
  std::vector<std::unique_ptr<Person>> all;
  for (int number = 0; number < people; ++number) {
    SIMCLR_ASSIGN_OR_RETURN(auto person, Connect(address, pki, static_cast<std::size_t>(number)));
    all.push_back(std::move(person));
  }
  return all;
}

absl::Status Person::AwaitFirstAnswer() const {
  grpc::ClientContext context;
  Prepare(context, token_);
  context.set_wait_for_ready(true);
  v1::ClusterStatus answer;
  return FromGrpc(cluster_->GetStatus(&context, v1::GetStatusRequest(), &answer));
}

Person::Person(const std::shared_ptr<grpc::Channel>& channel, std::string token)
    : token_(std::move(token)),
      jobs_(v1::JobService::NewStub(channel)),
      cluster_(v1::ClusterService::NewStub(channel)) {}

template <typename Response, typename Call>
absl::StatusOr<Response> Person::Unary(const Call& call) const {
  grpc::ClientContext context;
  Prepare(context, token_);
  Response response;
  SIMCLR_RETURN_IF_ERROR(FromGrpc(call(&context, &response)));
  return response;
}

absl::StatusOr<v1::Job> Person::Submit(const v1::JobSpec& spec, const std::string& request_id) {
  v1::SubmitJobRequest request;
  request.set_request_id(request_id);
  *request.mutable_spec() = spec;
  SIMCLR_ASSIGN_OR_RETURN(const v1::SubmitJobResponse response,
                          Unary<v1::SubmitJobResponse>([&](auto* context, auto* answer) {
                            return jobs_->SubmitJob(context, request, answer);
                          }));
  return response.job();
}

absl::StatusOr<v1::Job> Person::GetJob(const std::string& job) {
  v1::GetJobRequest request;
  request.set_job(job);
  return Unary<v1::Job>([&](auto* context, auto* answer) { return jobs_->GetJob(context, request, answer); });
}

absl::StatusOr<v1::ListJobsResponse> Person::ListJobs() {
  return Unary<v1::ListJobsResponse>(
      [&](auto* context, auto* answer) { return jobs_->ListJobs(context, v1::ListJobsRequest(), answer); });
}

absl::StatusOr<v1::ListWorkersResponse> Person::ListWorkers() {
  return Unary<v1::ListWorkersResponse>([&](auto* context, auto* answer) {
    return cluster_->ListWorkers(context, v1::ListWorkersRequest(), answer);
  });
}

absl::Status Person::GetStatus() {
  return Unary<v1::ClusterStatus>([&](auto* context, auto* answer) {
           return cluster_->GetStatus(context, v1::GetStatusRequest(), answer);
         })
      .status();
}

absl::Status Person::FirstOfWatch(const std::string& job) {
  grpc::ClientContext context;
  Prepare(context, token_);
  v1::WatchJobsRequest request;
  request.add_jobs(job);
  const auto reader = jobs_->WatchJobs(&context, request);
  v1::JobChange change;
  const bool came = reader->Read(&change);
  context.TryCancel();
  const grpc::Status status = reader->Finish();
  return came ? absl::OkStatus() : FromGrpc(status);
}

v1::JobSpec SmallJob(const std::string& name) {
  v1::JobSpec spec;
  spec.set_name(name);
  spec.set_kind(v1::JOB_KIND_PRETRAIN);
  spec.mutable_resources()->set_ranks(1);
  spec.mutable_resources()->set_device(v1::DEVICE_CPU);
  spec.mutable_data()->set_source("synthetic:train=50000,test=10000");
  return spec;
}

absl::StatusOr<Submissions> SubmitFor(const std::string& address, const BenchPki& pki, int clients,
                                      absl::Duration duration, int jobs) {
  SIMCLR_ASSIGN_OR_RETURN(const auto people, Person::ConnectAll(address, pki, clients));
  std::vector<Submissions> results(people.size());
  const absl::Duration start = RealClock().Monotonic();
  Allowance allowance{start + duration, jobs > 0 ? jobs : std::numeric_limits<std::int64_t>::max()};
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < people.size(); ++i) {
      threads.emplace_back([&, i] { Submit(*people[i], allowance, results[i]); });
    }
  }
  Submissions all;
  all.took = RealClock().Monotonic() - start;
  for (const Submissions& result : results) {
    all.latencies.Merge(result.latencies);
    for (const auto& [message, count] : result.refused) all.refused[message] += count;
  }
  return all;
}

}  // namespace simclr::bench
