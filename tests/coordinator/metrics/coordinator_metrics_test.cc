#include "coordinator/metrics/coordinator_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "common/metrics/buckets.h"
#include "coordinator/metrics/metric_list.h"
#include "tests/coordinator/metrics/metrics_text.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

CoordinatorMetricsOptions Options() {
  CoordinatorMetricsOptions options;
  options.version = "1.2.3";
  options.grpc_version = "1.51.1";
  options.certificate_expiry = [] { return std::optional(absl::FromUnixSeconds(5000)); };
  options.max_jobs = 1;
  return options;
}

class CoordinatorMetricsTest : public ::testing::Test {
 protected:
  std::string Scrape() { return Text(metrics_.Collect()); }

  ClusterView view_;
  CoordinatorMetrics metrics_{Options(), [this] { return view_; }};
};

TEST_F(CoordinatorMetricsTest, SaysWhatItIsAndWhenItsCertificateExpires) {
  const std::string text = Scrape();
  EXPECT_THAT(text,
              HasSubstr("simclr_build_info{component=\"coordinator\",version=\"1.2.3\",grpc=\"1.51.1\"} 1"));
  EXPECT_THAT(text, HasSubstr("simclr_tls_certificate_expiry_timestamp_seconds{role=\"own\"} 5000"));
  EXPECT_THAT(text, Not(HasSubstr("role=\"ca\"")));
  EXPECT_THAT(text, HasSubstr("process_resident_memory_bytes"));
}

TEST_F(CoordinatorMetricsTest, CountsCallsAndOpenStreams) {
  const RpcCall watch{"simclr.v1.JobService", "WatchJobs", "server_stream"};
  const RpcCall submit{"simclr.v1.JobService", "SubmitJob", "unary"};
  metrics_.calls().OnStarted(watch);
  metrics_.calls().OnStarted(submit);
  metrics_.calls().OnEnded(submit, absl::StatusCode::kUnauthenticated, absl::Milliseconds(2));
  metrics_.calls().OnAuthorized("unknown_token");
  metrics_.calls().OnAuthorized("");
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_watch_subscribers 1"));
  EXPECT_THAT(text,
              HasSubstr("grpc_server_handled_total{grpc_code=\"Unauthenticated\",grpc_method=\"SubmitJob\","
                        "grpc_service=\"simclr.v1.JobService\",grpc_type=\"unary\"} 1"));
  EXPECT_THAT(text, HasSubstr("grpc_server_started_total{grpc_method=\"Session\","
                              "grpc_service=\"simclr.v1.WorkerService\",grpc_type=\"bidi_stream\"} 0"));
  EXPECT_THAT(text, HasSubstr("simclr_auth_requests_total{reason=\"unknown_token\",result=\"denied\"} 1"));
  EXPECT_THAT(text, HasSubstr("simclr_auth_requests_total{reason=\"none\",result=\"allowed\"} 1"));
}

TEST_F(CoordinatorMetricsTest, ShowsTheNewestSampleOfRankZeroWhileTheJobIsThere) {
  v1::PushMetricsRequest push;
  push.set_job_id("j-1");
  v1::StepMetrics& sample = *push.add_samples();
  sample.set_step(7);
  (*sample.mutable_values())["loss"] = 5.5;
  metrics_.OnSamples(push);
  sample.set_step(3);  // late
  (*sample.mutable_values())["loss"] = 9;
  metrics_.OnSamples(push);
  push.set_rank(1);
  sample.set_step(8);
  metrics_.OnSamples(push);
  view_.jobs = {{JobIn(v1::PHASE_RUNNING), {}}};
  EXPECT_THAT(Scrape(), HasSubstr("simclr_job_loss{job_id=\"j-1\"} 5.5"));
  view_.jobs.clear();
  EXPECT_THAT(Scrape(), Not(HasSubstr("job_id=\"j-1\"")));
}

TEST_F(CoordinatorMetricsTest, KeepsTheSamplesOfTheNewestJobsWhereNobodyScrapes) {
  for (const char* id : {"j-1", "j-2", "j-3", "j-4", "j-5"}) {
    v1::PushMetricsRequest push;
    push.set_job_id(id);
    (*push.add_samples()->mutable_values())["loss"] = 5.5;
    metrics_.OnSamples(push);
  }
  view_.jobs = {{JobIn(v1::PHASE_RUNNING, v1::REASON_UNSPECIFIED, "j-1"), {}}};
  EXPECT_THAT(Scrape(), Not(HasSubstr("simclr_job_loss")));
}

TEST_F(CoordinatorMetricsTest, CountsTheJobsThatItLeavesOut) {
  view_.jobs = {{JobIn(v1::PHASE_QUEUED), {}}, {JobIn(v1::PHASE_RUNNING), {}}};
  EXPECT_THAT(Scrape(), Not(HasSubstr("simclr_job_phase{job_id=\"j-1\",phase=\"queued\"} 1")));
  EXPECT_THAT(Scrape(), HasSubstr("simclr_metrics_series_dropped_total 2"));
}

// The list is what the documents say; a program that shows something else is wrong.
TEST_F(CoordinatorMetricsTest, ShowsNothingThatIsNotInTheList) {
  view_.jobs = {{JobIn(v1::PHASE_RUNNING), {}}};
  for (const prometheus::MetricFamily& family : metrics_.Collect()) {
    const Metric& metric = Metrics()[family.name];
    EXPECT_EQ(family.type, metric.type) << family.name;
    EXPECT_EQ(family.help, metric.help) << family.name;
    for (const prometheus::ClientMetric& series : family.metric) {
      std::set<std::string> labels;
      for (const auto& label : series.label) labels.insert(label.name);
      std::set<std::string> known;
      for (const Label& label : metric.labels) known.insert(label.name);
      EXPECT_EQ(labels, known) << family.name;
    }
  }
}

TEST(MetricList, EveryHistogramHasANamedLadder) {
  for (const Metric* metric : Metrics().all()) {
    EXPECT_EQ(metric->type == prometheus::MetricType::Histogram, !LadderName(metric->buckets).empty())
        << metric->name;
  }
}

TEST(MetricList, NamesFollowTheConventions) {
  std::set<std::string> names;
  for (const Metric* metric : Metrics().all()) {
    const std::string name = metric->name;
    EXPECT_TRUE(names.insert(name).second) << name << " is there twice";
    const bool total = name.size() > 6 && name.substr(name.size() - 6) == "_total";
    EXPECT_EQ(metric->type == prometheus::MetricType::Counter, total) << name;
    for (const auto& [label, words] : metric->labels) {
      EXPECT_TRUE(label != "job" && label != "instance") << name << ": Prometheus owns the label " << label;
    }
  }
}

}  // namespace
}  // namespace simclr::coordinator
