// What the engine measures and what the agent shows are two lists in two programs; here they meet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/train/measure.h"
#include "worker/agent/worker_metrics.h"

namespace simclr::agent {
namespace {

using engine::Measure;

v1::DesiredRank Rank(const std::string& job, v1::JobKind kind) {
  v1::DesiredRank rank;
  rank.set_job_id(job);
  rank.mutable_spec()->set_kind(kind);
  return rank;
}

// The scrape of an agent whose trainers tell `value` of one measure, as measured and as seconds in total.
std::string ScrapeWith(const std::string& measure, double value) {
  v1::TrainerReport measured;
  (*measured.mutable_metrics()->mutable_values())[measure] = value;
  v1::TrainerReport totals;
  if (absl::StartsWith(measure, "seconds/")) {
    (*totals.mutable_totals()->mutable_seconds())[measure.substr(sizeof "seconds")] = value;
  }
  AgentView view;
  view.figures.OnStart(Rank("j-train", v1::JOB_KIND_PRETRAIN));
  view.figures.OnStart(Rank("j-eval", v1::JOB_KIND_LINEAR_EVAL));
  for (const char* job : {"j-train", "j-eval"}) {
    view.figures.OnReport({job, 0, 0, ""}, measured, absl::UnixEpoch());
    view.figures.OnReport({job, 0, 0, ""}, totals, absl::UnixEpoch());
  }
  return prometheus::TextSerializer().Serialize(WorkerMetrics([&] { return view; }).Collect());
}

TEST(ShownMeasures, AreAllButThoseThatAreShownAsCounters) {
  const std::set<std::string> others = {"bad_images",     // simclr_loader_samples_total
                                        "seconds/step"};  // simclr_train_step_duration_seconds
  for (std::size_t i = 0; i < engine::kMeasures; ++i) {
    const std::string measure = engine::MeasureName(static_cast<Measure>(i));
    const bool shown = absl::StrContains(ScrapeWith(measure, 123.5), "} 123.5\n");
    EXPECT_EQ(shown, !others.contains(measure)) << measure;
  }
}

}  // namespace
}  // namespace simclr::agent
