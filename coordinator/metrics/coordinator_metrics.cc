#include "coordinator/metrics/coordinator_metrics.h"

#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "common/metrics/scrape.h"
#include "coordinator/metrics/cluster_gauges.h"
#include "coordinator/metrics/metric_list.h"

namespace simclr::coordinator {
namespace {

constexpr std::size_t kKeptSamplesPerShownJob = 4;

using Families = std::vector<prometheus::MetricFamily>;

void AddFileSize(const char* metric, const std::string& path, Scrape& scrape) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (!error) scrape.Add(metric, {}, static_cast<double>(bytes));
}

void Append(Families more, Families& families) {
  std::move(more.begin(), more.end(), std::back_inserter(families));
}

}  // namespace

CoordinatorMetrics::CoordinatorMetrics(CoordinatorMetricsOptions options, std::function<ClusterView()> view)
    : options_(std::move(options)), view_(std::move(view)) {
  for (Counters* counters : {&collected_directories_, &collected_bytes_, &collect_failures_})
    counters->Of({});
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

Families CoordinatorMetrics::Standing() const {
  Scrape scrape(Metrics());
  scrape.Add("simclr_build_info", {"coordinator", options_.version, options_.grpc_version}, 1);
  for (const auto& [role, time] :
       {std::pair("own", options_.certificate_expiry()), {"ca", options_.ca_expiry()}}) {
    if (!time) continue;
    scrape.Add("simclr_tls_certificate_expiry_timestamp_seconds", {role},
               absl::ToDoubleSeconds(*time - absl::UnixEpoch()));
  }
  scrape.Add("simclr_coordinator_watch_subscribers", {}, calls_.open_server_streams());
  scrape.Add("simclr_coordinator_unknown_paths", {}, static_cast<double>(unknown_paths_));
  scrape.Add("simclr_coordinator_refused_connections_total", {}, static_cast<double>(refused_connections_));
  scrape.Add("simclr_coordinator_reload_refused", {"certificates"}, certificates_refused_ ? 1 : 0);
  scrape.Add("simclr_coordinator_reload_refused", {"tokens"}, tokens_refused_ ? 1 : 0);
  AddFileSize("simclr_coordinator_db_size_bytes", options_.database_path, scrape);
  AddFileSize("simclr_coordinator_db_wal_size_bytes", options_.database_path + "-wal", scrape);
  return scrape.Take();
}

Families CoordinatorMetrics::Collect() const {
  ClusterView view = view_();
  const NewestSamples samples = SamplesOf(view);
  Families families = Standing();
  Append(ClusterGauges(view), families);
  jobs_dropped_.Of({}).Increment(static_cast<double>(LimitJobs(view.jobs, options_.max_jobs)));
  Append(JobGauges(view, samples), families);
  Append(registry_.Collect(), families);
  Append(process_.Collect(), families);
  return families;
}

}  // namespace simclr::coordinator
