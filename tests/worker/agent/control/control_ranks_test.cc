// How trainers begin and end while a disk, a coordinator or the kernel is in the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/control_test_base.h"
#include "worker/agent/base/part_thread.h"

namespace simclr::agent {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using ControlRanks = ControlTest;

TEST_F(ControlRanks, TellsAnEndBeforeItsLogIsArchivedAndTheArchivingAsAFactOfItsOwn) {
  Want({Wanted()});
  WriteLog("terrible thing\n");
  storage_away_ = true;
  trainer().Finish({1, 0});
  EXPECT_THAT(Exit().message(), HasSubstr("terrible thing"));
  EXPECT_THAT(coordinator_.archived(), IsEmpty());
  EXPECT_EQ(control_.View().archive.logs, 1u);
  storage_away_ = false;
  Turn();
  ASSERT_THAT(coordinator_.archived(), SizeIs(1));
  EXPECT_EQ(coordinator_.archived()[0].job_id(), "j-1");
  EXPECT_EQ(coordinator_.archived()[0].nonce(), kNonce);
  EXPECT_EQ(coordinator_.archived()[0].incarnation(), 7u);
  EXPECT_EQ(coordinator_.archived()[0].base_offset(), 0);
  EXPECT_EQ(coordinator_.archived()[0].bytes(), 15);
}

TEST_F(ControlRanks, TellsAnEndWithoutItsLogWhereTheAgentsDiskDoesNotAnswer) {
  Want({Wanted()});
  WriteLog("terrible thing\n");
  disk_away_ = true;
  trainer().Finish({1, 0});
  EXPECT_EQ(Exit().job_id(), "") << "its log may answer yet";
  PassTime(absl::Seconds(2));
  EXPECT_EQ(Exit().message(), "exited with code 1; the disk of its log does not answer");
}

TEST_F(ControlRanks, GoesOnWhileTheStorageDoesNotAnswerAndSaysSo) {
  Want({Wanted(v1::ORDER_RUN)});
  Hello();
  WriteLog("");
  storage_away_ = true;
  disk_.Block("artifacts");
  ASSERT_TRUE(archive_.Add({std::nullopt, trainer().request.directory, "j-9/logs/a1-r0.log"}));
  PartThread archive("archive", archive_, clock_);
  ASSERT_TRUE(disk_.AwaitBlocked());
  for (int second = 0; second < 40; ++second) {
    control_.OnTrainerReport(kRank, Progress(second));
    PassTime(absl::Seconds(1));
  }
  EXPECT_THAT(Troubles(), ElementsAre("storage: no answer for 40 s"));
  EXPECT_EQ(control_.View().blocked.at("storage"), absl::Seconds(40));
  EXPECT_GE(coordinator_.observed().back().ranks(0).step(), 38);
  EXPECT_FALSE(archive.Stop(absl::ZeroDuration()));
  disk_.Release();
  EXPECT_TRUE(archive.Stop(absl::Seconds(10)));
  EXPECT_THAT(Troubles(), IsEmpty());
}

TEST_F(ControlRanks, NamesATrainerThatTheKernelDoesNotLetGoAndKeepsItsSlot) {
  Want({Wanted(v1::ORDER_RUN)});
  Hello();
  trainer().WaitIn("nfs_wait_bit");
  Want({});
  PassTime(absl::Seconds(12));
  EXPECT_THAT(trainer().signals(), ElementsAre(SIGTERM, SIGKILL));
  ASSERT_EQ(coordinator_.observed().back().ranks_size(), 1);
  EXPECT_EQ(coordinator_.observed().back().ranks(0).stuck(),
            "pid 1000 does not end: it waits in the kernel (nfs_wait_bit)");
  EXPECT_EQ(control_.View().stuck, 1u);
  Want({Wanted(v1::ORDER_PREPARE, 2)});
  EXPECT_THAT(trainers_.trainers, SizeIs(1)) << "the slot is taken";
  trainer().Finish({-1, SIGKILL});
  PassTime(absl::Seconds(3));
  EXPECT_THAT(trainers_.trainers, SizeIs(2));
}

TEST_F(ControlRanks, HearsWhatATrainerSaysBeforeItsStartIsKnown) {
  control_.OnDesired(Orders({Wanted(v1::ORDER_RUN)}));
  v1::TrainerReport report;
  report.mutable_hello()->set_pid(1000);
  control_.OnTrainerReport(kRank, report);
  control_.OnTrainerReport(kRank, Progress(4));
  Turn();
  EXPECT_THAT(link_.orders[kRank], SizeIs(2));
  EXPECT_EQ(control_.View().observed.ranks(0).step(), 4);
}

TEST_F(ControlRanks, EndsATrainerThatIsNotWantedAnyMoreWhenItHasStarted) {
  control_.OnDesired(Orders({Wanted()}));
  control_.OnDesired(Orders({}));
  Turn();
  ASSERT_THAT(trainers_.trainers, SizeIs(1));
  EXPECT_THAT(trainer().signals(), ElementsAre(SIGTERM));
}

TEST_F(ControlRanks, ShowsWhatLiesInQuarantine) {
  Want({Wanted()});
  coordinator_.Answer("exit", absl::InvalidArgumentError("its epoch is odd"));
  trainer().Finish({1, 0});
  PassTime(absl::Seconds(8));
  ASSERT_THAT(Troubles(), SizeIs(1));
  EXPECT_THAT(Troubles()[0], AllOf(HasSubstr("quarantine: 2 reports"), HasSubstr("its epoch is odd")));
  EXPECT_EQ(control_.View().outbox.quarantined, 2u) << "the bare exit, too";
}

TEST_F(ControlRanks, ShowsThatTheDiskOfTheSpoolIsFullAndReportsTheEndAllTheSame) {
  Want({Wanted()});
  disk_.FillAfter(0, "spool");
  trainer().Finish({1, 0});
  EXPECT_EQ(Exit().exit_code(), 1);
  ASSERT_THAT(Troubles(), SizeIs(1));
  EXPECT_THAT(Troubles()[0], HasSubstr("reports are kept in memory only: no space left"));
}

// A process of this test, as if an earlier agent could not end it.
Leftover RunningLeftover(const std::string& directory) {
  EXPECT_TRUE(PosixFileSystem().MakeDirectories(directory).ok());
  ProcessOptions options;
  options.arguments = {"/bin/sleep", "1000"};
  options.output_file = JoinPath(directory, kLogName);
  Leftover leftover;
  leftover.directory = directory;
  leftover.log_name = "j-9/logs/a1-1f2e3d4c-r0.log";
  leftover.key = RankKey{"j-9", 1, 0, kNonce};
  leftover.slot = 1;
  leftover.process = Spawn(options).value();
  return leftover;
}

class ControlLeftovers : public ControlTest {
 protected:
  ControlLeftovers() : ControlTest(WithLeftover()) {}
  ControlOptions WithLeftover() {
    ControlOptions options;
    options.leftovers = {RunningLeftover(left_ / "j-9-a1-1f2e3d4c-r0")};
    process_ = *options.leftovers[0].process;
    return options;
  }

  static inline const TemporaryDirectory left_;
  static inline ProcessIdentity process_;
};

TEST_F(ControlLeftovers, KeepTheSlotOfATrainerThatAnEarlierAgentCouldNotEndUntilItIsGone) {
  PassTime(absl::Seconds(2));
  const v1::Observed held = coordinator_.observed().back();
  EXPECT_TRUE(held.slots(0).usable());
  EXPECT_FALSE(held.slots(1).usable());
  EXPECT_THAT(held.slots(1).unusable_reason(),
              HasSubstr(absl::StrCat("pid ", process_.pid,
                                     " of job j-9, which an earlier agent started, does not end")));
  SignalGroup(process_, SIGKILL);
  ASSERT_TRUE(AwaitEnd(process_, absl::Seconds(10)));
  PassTime(absl::Seconds(4));
  EXPECT_TRUE(coordinator_.observed().back().slots(1).usable());
  ASSERT_THAT(coordinator_.archived(), SizeIs(1));
  EXPECT_EQ(coordinator_.archived()[0].job_id(), "j-9");
  EXPECT_TRUE(Reap(process_.pid).has_value());
}

}  // namespace
}  // namespace simclr::agent
