// One contract for the real trainer process and its fake.
#include "worker/agent/launcher/trainer_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "tests/support/fake_trainer.h"
#include "tests/support/temporary_directory.h"

namespace simclr::agent {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// Starts trainers that behave as a shell line says; the fake plays the same line.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual TrainerLauncher& Launcher(const std::string& shell) = 0;
  // After Launch: lets the fake do what the line says.
  virtual void Play(const std::function<void(FakeTrainer&)>& act) = 0;
};

class RealStage : public Stage {
 public:
  TrainerLauncher& Launcher(const std::string& shell) override {
    const std::string program = directory_ / "trainer";
    EXPECT_TRUE(PosixFileSystem().Write(program, absl::StrCat("#!/bin/sh\n", shell, "\n")).ok());
    ::chmod(program.c_str(), 0755);
    launcher_ = std::make_unique<TrainerProcessLauncher>(TrainerProcessOptions{
        program, "unix:/none", {"PATH=/usr/bin:/bin", "NCCL_DEBUG=INFO", "CUDA_VISIBLE_DEVICES=7"}});
    return *launcher_;
  }
  void Play(const std::function<void(FakeTrainer&)>&) override {}

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<TrainerProcessLauncher> launcher_;
};

class FakeStage : public Stage {
 public:
  TrainerLauncher& Launcher(const std::string&) override { return launcher_; }
  void Play(const std::function<void(FakeTrainer&)>& act) override { act(*launcher_.trainers.back()); }

 private:
  FakeTrainerLauncher launcher_;
};

// A pidfd is readable when the process has ended.
std::optional<ProcessExit> AwaitExit(TrainerHandle& trainer) {
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, trainer.pid(), 0));
  if (pidfd >= 0) {
    pollfd ended{pidfd, POLLIN, 0};
    ::poll(&ended, 1, 10'000);
    ::close(pidfd);
  }
  return trainer.Poll();
}

class TrainerHandleContract : public ::testing::TestWithParam<bool> {
 protected:
  TrainerHandleContract() {
    if (GetParam()) {
      stage_ = std::make_unique<RealStage>();
    } else {
      stage_ = std::make_unique<FakeStage>();
    }
  }
  LaunchRequest Request() const { return {{"j-1", 1, 0, ""}, v1::Slot(), 1, directory_ / "j-1-a1-r0"}; }

  TemporaryDirectory directory_;
  std::unique_ptr<Stage> stage_;
};

TEST_P(TrainerHandleContract, TellsTheExitCodeAgainAndAgain) {
  const auto trainer = stage_->Launcher("exit 21").Launch(Request()).value();
  stage_->Play([](FakeTrainer& fake) { fake.Finish({21, 0}); });
  for (int time = 0; time < 2; ++time) {
    const std::optional<ProcessExit> exit = AwaitExit(*trainer);
    ASSERT_TRUE(exit.has_value());
    EXPECT_EQ(exit->code, 21);
    EXPECT_EQ(exit->signal, 0);
  }
}

TEST_P(TrainerHandleContract, RunsUntilASignalEndsIt) {
  const auto trainer = stage_->Launcher("exec sleep 1000").Launch(Request()).value();
  EXPECT_GT(trainer->pid(), 0);
  EXPECT_FALSE(trainer->Poll().has_value());
  trainer->Signal(SIGTERM);
  const std::optional<ProcessExit> exit = AwaitExit(*trainer);
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->signal, SIGTERM);
  EXPECT_EQ(exit->code, -1);
  trainer->Signal(SIGKILL);  // harmless now
  EXPECT_EQ(trainer->Poll()->signal, SIGTERM);
}

INSTANTIATE_TEST_SUITE_P(FakeAndReal, TrainerHandleContract, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Real" : "Fake"; });

class TrainerProcessTest : public ::testing::Test {
 protected:
  std::string RunToEnd(const std::string& shell, v1::Slot slot = {}) {
    const LaunchRequest request{{"j-1", 2, 1, "1f2e"}, slot, 3, directory_ / "rank"};
    const auto trainer = stage_.Launcher(shell).Launch(request).value();
    EXPECT_TRUE(AwaitExit(*trainer).has_value());
    return PosixFileSystem().Read(JoinPath(request.directory, kLogName)).value();
  }

  TemporaryDirectory directory_;
  RealStage stage_;
};

TEST_F(TrainerProcessTest, GetsItsIdentityAndItsOwnGroup) {
  const std::string log = RunToEnd("echo \"$@\"; echo pid $$ group $(ps -o pgid= -p $$)");
  EXPECT_THAT(log, HasSubstr("--agent unix:/none --job j-1 --attempt 2 --rank 1 --dir"));
  EXPECT_THAT(log, HasSubstr("--nonce 1f2e\n"));
  const std::string pid = log.substr(log.find("pid ") + 4, log.find(" group") - log.find("pid ") - 4);
  EXPECT_THAT(log, ::testing::ContainsRegex("group +" + pid));
}

TEST_F(TrainerProcessTest, SeesTheGpuOfItsSlotAloneAndKeepsNcclVariables) {
  v1::Slot gpu;
  gpu.set_device(v1::DEVICE_CUDA);
  gpu.set_uuid("GPU-abc");
  const std::string log = RunToEnd("echo [$CUDA_VISIBLE_DEVICES] $OMP_NUM_THREADS $NCCL_DEBUG", gpu);
  EXPECT_EQ(log, "[GPU-abc] 3 INFO\n");
}

TEST_F(TrainerProcessTest, SeesNoGpuInACpuSlot) {
  EXPECT_EQ(RunToEnd("echo [${CUDA_VISIBLE_DEVICES-unset}]"), "[]\n");
}

TEST_F(TrainerProcessTest, DiesWhenItsHandleIsDropped) {
  auto trainer =
      stage_.Launcher("exec sleep 1000").Launch({{"j-1", 1, 0, ""}, {}, 1, directory_ / "rank"}).value();
  const ProcessIdentity process = IdentifyProcess(trainer->pid()).value();
  trainer.reset();
  EXPECT_FALSE(IsAlive(process));
}

TEST_F(TrainerProcessTest, NamesAMissingProgram) {
  TrainerProcessLauncher launcher({"/no/such/trainer", "unix:/none", {}});
  const auto trainer = launcher.Launch({{"j-1", 1, 0, ""}, {}, 1, directory_ / "rank"});
  EXPECT_EQ(trainer.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(trainer.status().message()), HasSubstr("/no/such/trainer"));
}

TEST_F(TrainerProcessTest, TellsWhereInTheKernelItWaits) {
  const auto trainer =
      stage_.Launcher("exec sleep 1000").Launch({{"j-1", 1, 0, ""}, {}, 1, directory_ / "rank"}).value();
  // Only where the kernel tells such things; never a disk is asked.
  const std::string channel = trainer->WaitChannel();
  EXPECT_EQ(channel.find_first_of(" /\n"), std::string::npos) << channel;
}

}  // namespace
}  // namespace simclr::agent
