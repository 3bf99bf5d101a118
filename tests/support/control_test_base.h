#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "common/base/protocol.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_coordinator_client.h"
#include "tests/support/fake_trainer.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temporary_directory.h"
#include "worker/agent/control/control.h"

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

// The parts of an agent with two CPU slots, run by hand, of fake trainers and a coordinator that the test
// plays itself. Its trainers are ranks kRank unless a test says otherwise.
class ControlTest : public ::testing::Test {
 protected:
  explicit ControlTest(ControlOptions options = {}, SpoolContents spooled = {}, absl::Status answer = {})
      : slots_(MakeSlotProbe({.slots = "2"}).value()),
        files_({.spool = directory_ / "spool", .memory_cgroup = NoCgroup()}, disk_, clock_),
        archive_({.root = directory_ / "artifacts"}, disk_, clock_, 1,
                 [this](const Archived& archived) { control_.OnArchived(archived); }),
        probes_({}, *slots_, clock_, [this](Probed probed) { control_.OnProbed(std::move(probed)); }),
        launcher_(trainers_, NoCgroup(), clock_,
                  [this](Launched launched) { control_.OnLaunched(std::move(launched)); }),
        outbox_({}, files_, coordinator_, clock_, std::move(spooled), 1),
        logs_({}, [this](v1::LogPiece piece) { coordinator_.SendLogPiece(std::move(piece)); }),
        control_(Complete(std::move(options)),
                 {clock_, coordinator_, link_, launcher_, files_, archive_, probes_, outbox_, logs_}) {
    EXPECT_TRUE(PosixFileSystem().MakeDirectories(directory_ / "agent").ok());
    EXPECT_TRUE(PosixFileSystem().MakeDirectories(directory_ / "spool").ok());
    coordinator_.AnswerWith(std::move(answer));
    Turn();
    control_.OnConnection(true);
  }

  MemoryCgroupPaths NoCgroup() const { return {directory_ / "membership", directory_ / "cgroup"}; }
  ControlOptions Complete(ControlOptions options) const {
    options.worker = "worker-1";
    options.nonce = 70;
    options.pid = 700;
    options.directory = directory_ / "agent";
    options.artifact_root = directory_ / "artifacts";
    return options;
  }
  // Lets every part do what there is to do, but the archive while it is `away`.
  void Turn() {
    for (int round = 0; round < 4; ++round) {
      probes_.RunOnce(clock_.Monotonic());
      control_.RunOnce(clock_.Monotonic());
      Run(launcher_);
      if (!disk_away_) Run(files_);
      if (!storage_away_) Run(archive_);
      Run(outbox_);
    }
  }
  void Run(Part& part) {
    const absl::Duration now = clock_.Monotonic();
    for (int i = 0; i < 100 && part.RunOnce(now) <= now; ++i) {
    }
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
  void Want(std::vector<v1::DesiredRank> ranks) {
    control_.OnDesired(Orders(std::move(ranks)));
    Run(launcher_);
  }
  void Hello(int trainer = 0) {
    v1::TrainerReport report;
    report.mutable_hello()->set_pid(this->trainer(trainer).pid);
    control_.OnTrainerReport(kRank, report);
  }
  void PassTime(absl::Duration time) {
    for (; time > absl::ZeroDuration(); time -= absl::Seconds(1)) {
      clock_.Advance(absl::Seconds(1));
      Turn();
    }
  }
  // The newest, once everything was delivered.
  v1::ReportExitRequest Exit() {
    Turn();
    const std::vector<v1::ReportExitRequest> exits = coordinator_.exits();
    return exits.empty() ? v1::ReportExitRequest() : exits.back();
  }
  // The log of the first trainer.
  void WriteLog(const std::string& text) {
    const std::string& rank = trainer().request.directory;
    ASSERT_TRUE(PosixFileSystem().MakeDirectories(rank).ok());
    ASSERT_TRUE(PosixFileSystem().Append(JoinPath(rank, kLogName), text).ok());
  }
  std::vector<std::string> Troubles() {
    const v1::Observed observed = control_.View().observed;
    return {observed.troubles().begin(), observed.troubles().end()};
  }
  FakeTrainer& trainer(int index = 0) { return *trainers_.trainers.at(static_cast<std::size_t>(index)); }

  TemporaryDirectory directory_;
  FakeClock clock_;
  FaultyFileSystem disk_;
  FakeCoordinatorClient coordinator_;
  FakeTrainerLauncher trainers_;
  FakeTrainerLink link_;
  std::unique_ptr<SlotProbe> slots_;
  Files files_;
  Archive archive_;
  Probes probes_;
  Launcher launcher_;
  Outbox outbox_;
  LogReader logs_;
  Control control_;
  bool storage_away_ = false;
  bool disk_away_ = false;
  std::int64_t sequence_ = 0;
};

}  // namespace simclr::agent
