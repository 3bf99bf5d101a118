#include "coordinator/metrics/cluster_gauges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/metrics/metrics_text.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::Slot Slot(v1::Device device, bool usable, const std::string& job = "") {
  v1::Slot slot;
  slot.set_device(device);
  slot.set_usable(usable);
  slot.set_job_id(job);
  return slot;
}

v1::Worker WorkerIn(v1::WorkerState state, const std::vector<v1::Slot>& slots) {
  v1::Worker worker;
  worker.set_name("worker-1");
  worker.set_state(state);
  for (const v1::Slot& slot : slots) *worker.add_slots() = slot;
  return worker;
}

TEST(ClusterGauges, CountsJobsInEachPhaseWithZeros) {
  ClusterView view;
  view.job_counts[{v1::JOB_KIND_PRETRAIN, v1::PHASE_RUNNING}] = 3;
  const std::string text = Text(ClusterGauges(view));
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_jobs{kind=\"pretrain\",phase=\"running\"} 3"));
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_jobs{kind=\"pretrain\",phase=\"failed\"} 0"));
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_jobs{kind=\"linear_eval\",phase=\"running\"} 0"));
}

TEST(ClusterGauges, SaysWhyJobsWait) {
  ClusterView view;
  view.jobs = {{JobIn(v1::PHASE_QUEUED, v1::REASON_NO_SUCH_CAPACITY), {}},
               {JobIn(v1::PHASE_PAUSED, v1::REASON_STORAGE_FULL), {}}};
  const std::string text = Text(ClusterGauges(view));
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_jobs_pending{reason=\"no_such_capacity\"} 1"));
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_jobs_pending{reason=\"storage_full\"} 1"));
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_jobs_pending{reason=\"backoff\"} 0"));
}

TEST(ClusterGauges, ShowsTheOldestJobOfTheQueueOnlyWhileThereIsOne) {
  ClusterView view;
  EXPECT_THAT(Text(ClusterGauges(view)), Not(HasSubstr("queue_oldest_submit")));
  for (const int at : {300, 200, 400}) {
    JobView& job = view.jobs.emplace_back();
    job.job = JobIn(v1::PHASE_QUEUED);
    job.job.mutable_status()->mutable_submitted_at()->set_seconds(at);
  }
  EXPECT_THAT(Text(ClusterGauges(view)),
              HasSubstr("simclr_coordinator_queue_oldest_submit_timestamp_seconds{kind=\"pretrain\"} 200"));
}

TEST(ClusterGauges, DemandOfAutoIsForTheDeviceThatTheClusterHas) {
  ClusterView view;
  view.jobs = {{JobIn(v1::PHASE_QUEUED), {}}, {JobIn(v1::PHASE_RUNNING), {}}};
  EXPECT_THAT(Text(ClusterGauges(view)), HasSubstr("queue_demand_slots{device=\"cpu\"} 2"));
  view.workers = {WorkerIn(v1::WORKER_STATE_CONNECTED, {Slot(v1::DEVICE_CUDA, true)})};
  const std::string text = Text(ClusterGauges(view));
  EXPECT_THAT(text, HasSubstr("queue_demand_slots{device=\"cpu\"} 0"));
  EXPECT_THAT(text, HasSubstr("queue_demand_slots{device=\"cuda\"} 2"));
}

TEST(ClusterGauges, CountsWorkersAndTheirSlotsByState) {
  ClusterView view;
  view.workers = {
      WorkerIn(v1::WORKER_STATE_CONNECTED,
               {Slot(v1::DEVICE_CPU, true), Slot(v1::DEVICE_CPU, true, "j-9"), Slot(v1::DEVICE_CPU, false)})};
  view.workers[0].mutable_last_seen()->set_seconds(70);
  const std::string text = Text(ClusterGauges(view));
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_workers{state=\"connected\"} 1"));
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_workers{state=\"lost\"} 0"));
  for (const char* state : {"free", "allocated", "unusable"}) {
    EXPECT_THAT(text, HasSubstr(std::string("slots{device=\"cpu\",state=\"") + state + "\"} 1"));
  }
  EXPECT_THAT(text, HasSubstr("worker_last_heartbeat_timestamp_seconds{worker=\"worker-1\"} 70"));
}

TEST(ClusterGauges, SlotsOfSilentWorkersAreNotFree) {
  ClusterView view;
  view.workers = {WorkerIn(v1::WORKER_STATE_UNKNOWN, {Slot(v1::DEVICE_CPU, true)}),
                  WorkerIn(v1::WORKER_STATE_LOST, {Slot(v1::DEVICE_CPU, true)})};
  const std::string text = Text(ClusterGauges(view));
  EXPECT_THAT(text, HasSubstr("slots{device=\"cpu\",state=\"free\"} 0"));
  EXPECT_THAT(text, HasSubstr("slots{device=\"cpu\",state=\"unusable\"} 1"));
}

}  // namespace
}  // namespace simclr::coordinator
