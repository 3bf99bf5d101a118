#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "common/base/protocol.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_coordinator_client.h"
#include "tests/support/fake_trainer.h"
#include "tests/support/temporary_directory.h"
#include "worker/agent/agent.h"

namespace simclr::agent {

inline constexpr char kNonce[] = "1f2e3d4c5b6a7980";
inline const RankKey kRank{"j-1", 1, 0, kNonce};

inline v1::DesiredRank Wanted(v1::Order order = v1::ORDER_PREPARE, int attempt = 1, int slot = 0) {
  v1::DesiredRank wanted;
  wanted.set_job_id("j-1");
  wanted.set_attempt(attempt);
  wanted.set_rank(0);
  wanted.set_slot(slot);
  wanted.set_order(order);
  wanted.set_nonce(kNonce);
  if (order != v1::ORDER_PREPARE) wanted.set_store_endpoint("127.0.0.1:5");
  wanted.mutable_grace()->set_seconds(20);
  return wanted;
}

inline v1::TrainerReport Progress(std::int64_t step, v1::Activity activity = v1::ACTIVITY_FORWARD) {
  v1::TrainerReport report;
  report.mutable_progress()->set_activity(activity);
  report.mutable_progress()->set_step(step);
  return report;
}

// An agent with two CPU slots, of fake trainers and a coordinator that the test plays itself. Its trainers
// are ranks kRank unless a test says otherwise.
class AgentTest : public ::testing::Test {
 protected:
  AgentTest()
      : slots_(MakeSlotProbe({.slots = "2"}).value()),
        spool_(Spool::Open(PosixFileSystem(), directory_ / "spool").value()),
        outbox_({}, *spool_, coordinator_),
        agent_(Options(), {clock_, PosixFileSystem(), *slots_, launcher_, link_, coordinator_, outbox_}) {
    EXPECT_TRUE(PosixFileSystem().MakeDirectories(directory_ / "agent").ok());
    agent_.Tick();
    agent_.OnConnection(true);
  }

  AgentOptions Options() const {
    AgentOptions options;
    options.worker = "worker-1";
    options.nonce = 70;
    options.pid = 700;
    options.directory = directory_ / "agent";
    options.artifact_root = directory_ / "artifacts";
    options.ranks.memory_cgroup = {directory_ / "membership", directory_ / "cgroup"};
    return options;
  }
  v1::Desired Orders(std::vector<v1::DesiredRank> ranks) {
    v1::Desired desired;
    desired.set_term(1);
    desired.set_holder(11);
    desired.set_sequence(++sequence_);
    desired.set_incarnation(7);
    desired.set_protocol(kProtocol);
    desired.set_cluster_id("c");
    for (v1::DesiredRank& rank : ranks) *desired.add_ranks() = std::move(rank);
    return desired;
  }
  void Want(std::vector<v1::DesiredRank> ranks) { agent_.OnDesired(Orders(std::move(ranks))); }
  void Hello(int trainer = 0) {
    v1::TrainerReport report;
    report.mutable_hello()->set_pid(this->trainer(trainer).pid);
    agent_.OnTrainerReport(kRank, report);
  }
  void PassTime(absl::Duration time) {
    for (; time > absl::ZeroDuration(); time -= absl::Seconds(1)) {
      clock_.Advance(absl::Seconds(1));
      agent_.Tick();
    }
  }
  v1::ReportExitRequest AwaitExit() {
    EXPECT_TRUE(spool_->AwaitDelivered(spool_->last_sequence(), absl::Seconds(10)));
    const std::vector<v1::ReportExitRequest> exits = coordinator_.exits();
    return exits.empty() ? v1::ReportExitRequest() : exits.back();
  }
  FakeTrainer& trainer(int index = 0) { return *launcher_.trainers.at(static_cast<std::size_t>(index)); }

  TemporaryDirectory directory_;
  FakeClock clock_;
  FakeCoordinatorClient coordinator_;
  FakeTrainerLauncher launcher_;
  FakeTrainerLink link_;
  std::unique_ptr<SlotProbe> slots_;
  std::unique_ptr<Spool> spool_;
  Outbox outbox_;
  Agent agent_;
  std::int64_t sequence_ = 0;
};

}  // namespace simclr::agent
