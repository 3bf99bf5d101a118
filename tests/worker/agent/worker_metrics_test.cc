#include "worker/agent/worker_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

namespace simclr::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string TextOf(const AgentView& view) {
  return prometheus::TextSerializer().Serialize(WorkerMetrics([&] { return view; }).Collect());
}

AgentView ViewOfOneTrainer() {
  AgentView view;
  view.connected = true;
  view.spooled = 3;
  view.exits[v1::FAILURE_CLASS_PEER_LOST] = 2;
  for (const bool usable : {true, true, false}) view.observed.add_slots()->set_usable(usable);
  v1::ObservedRank& rank = *view.observed.add_ranks();
  rank.set_job_id("j-1");
  rank.set_rank(1);
  rank.set_step(42);
  rank.set_activity(v1::ACTIVITY_COLLECTIVE);
  v1::StepMetrics& metrics = view.newest_metrics[{"j-1", 1, 1}];
  (*metrics.mutable_values())["loss"] = 5.5;
  (*metrics.mutable_values())["images_per_second"] = 120;
  (*metrics.mutable_values())["seconds/backward"] = 0.25;
  return view;
}

TEST(WorkerMetrics, ShowsTheAgent) {
  const std::string text = TextOf(ViewOfOneTrainer());
  EXPECT_THAT(text, HasSubstr("simclr_worker_coordinator_connected 1"));
  EXPECT_THAT(text, HasSubstr("simclr_worker_spooled_reports 3"));
  EXPECT_THAT(text, HasSubstr("simclr_worker_trainer_exits_total{class=\"peer_lost\"} 2"));
  EXPECT_THAT(text, HasSubstr("simclr_worker_slots{state=\"free\"} 1"));
  EXPECT_THAT(text, HasSubstr("simclr_worker_slots{state=\"held\"} 1"));
  EXPECT_THAT(text, HasSubstr("simclr_worker_slots{state=\"unusable\"} 1"));
}

TEST(WorkerMetrics, ShowsTrainersByJobAndRank) {
  const std::string text = TextOf(ViewOfOneTrainer());
  EXPECT_THAT(text, HasSubstr("simclr_worker_trainers{activity=\"collective\"} 1"));
  EXPECT_THAT(text, HasSubstr("simclr_train_global_step{job_id=\"j-1\",rank=\"1\"} 42"));
  EXPECT_THAT(text, HasSubstr("simclr_train_loss{job_id=\"j-1\",rank=\"1\"} 5.5"));
  EXPECT_THAT(text, HasSubstr("simclr_train_images_per_second{job_id=\"j-1\",rank=\"1\"} 120"));
  EXPECT_THAT(text,
              HasSubstr("simclr_train_step_part_seconds{job_id=\"j-1\",rank=\"1\",part=\"backward\"} 0.25"));
}

TEST(WorkerMetrics, ForgetsATrainerThatIsGone) {
  AgentView view = ViewOfOneTrainer();
  view.observed.clear_ranks();
  view.newest_metrics.clear();
  EXPECT_THAT(TextOf(view), Not(HasSubstr("j-1")));
}

}  // namespace
}  // namespace simclr::agent
