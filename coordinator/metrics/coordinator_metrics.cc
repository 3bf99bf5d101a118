#include "coordinator/metrics/coordinator_metrics.h"

#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "coordinator/metrics/cluster_gauges.h"
#include "coordinator/metrics/metric_list.h"

namespace simclr::coordinator {
namespace {

constexpr std::size_t kKeptSamplesPerShownJob = 4;

using Families = std::vector<prometheus::MetricFamily>;

void AddFileSize(const char* name, const std::string& path, Families& families) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) return;
  ScrapedFamily family(Metrics()[name]);
  family.Add({}, static_cast<double>(bytes));
  family.MoveTo(families);
}

void Append(Families more, Families& families) {
  std::move(more.begin(), more.end(), std::back_inserter(families));
}

}  // namespace

CoordinatorMetrics::CoordinatorMetrics(CoordinatorMetricsOptions options, std::function<ClusterView()> view)
    : options_(std::move(options)), view_(std::move(view)) {
  self_check_failures_.Of({});
  jobs_dropped_.Of({});
}

void CoordinatorMetrics::OnSamples(const v1::PushMetricsRequest& request) {
  if (request.rank() != 0 || request.samples().empty()) return;
  const v1::StepMetrics& newest = *request.samples().rbegin();
  absl::MutexLock lock(&mutex_);
  v1::StepMetrics& kept = samples_[request.job_id()];
  if (newest.step() >= kept.step() || newest.attempt() > kept.attempt()) kept = newest;
  // Scrapes forget ended jobs; where nobody scrapes, this does. Ids sort by the time of submission.
  if (samples_.size() > kKeptSamplesPerShownJob * options_.max_jobs) samples_.erase(samples_.begin());
}

NewestSamples CoordinatorMetrics::SamplesOf(const ClusterView& view) const {
  absl::MutexLock lock(&mutex_);
  NewestSamples kept;
  for (const JobView& job : view.jobs) {
    const auto found = samples_.find(job.job.id());
    if (found != samples_.end()) kept.insert(*found);
  }
  samples_ = kept;
  return kept;
}

void CoordinatorMetrics::AddStanding(Families& families) const {
  ScrapedFamily build(Metrics()["simclr_build_info"]);
  build.Add({"coordinator", options_.version, options_.grpc_version}, 1);
  build.MoveTo(families);
  ScrapedFamily expiry(Metrics()["simclr_tls_certificate_expiry_timestamp_seconds"]);
  for (const auto& [role, time] :
       {std::pair("own", options_.certificate_expiry), {"ca", options_.ca_expiry}}) {
    if (time) expiry.Add({role}, absl::ToDoubleSeconds(*time - absl::UnixEpoch()));
  }
  expiry.MoveTo(families);
  ScrapedFamily subscribers(Metrics()["simclr_coordinator_watch_subscribers"]);
  subscribers.Add({}, calls_.open_server_streams());
  subscribers.MoveTo(families);
  AddFileSize("simclr_coordinator_db_size_bytes", options_.database_path, families);
  AddFileSize("simclr_coordinator_db_wal_size_bytes", options_.database_path + "-wal", families);
}

Families CoordinatorMetrics::Collect() const {
  ClusterView view = view_();
  const NewestSamples samples = SamplesOf(view);
  Families families;
  AddStanding(families);
  Append(ClusterGauges(view), families);
  jobs_dropped_.Of({}).Increment(static_cast<double>(LimitJobs(view.jobs, options_.max_jobs)));
  Append(JobGauges(view, samples), families);
  Append(registry_.Collect(), families);
  Append(process_.Collect(), families);
  return families;
}

}  // namespace simclr::coordinator
