// The whole agent in this process, with a scripted coordinator over TLS and real trainer processes (without
// an engine).
#include "worker/agent/agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "common/base/ids.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/http_get.h"
#include "tests/support/scripted_coordinator.h"
#include "tests/support/temporary_directory.h"

namespace simclr::agent {
namespace {

v1::DesiredRank Rank(int rank, int attempt = 1) {
  v1::DesiredRank wanted;
  wanted.set_job_id("j-1");
  wanted.set_attempt(attempt);
  wanted.set_rank(rank);
  wanted.set_world_size(2);
  wanted.set_slot(rank);
  wanted.set_order(v1::ORDER_PREPARE);
  wanted.set_nonce(attempt == 1 ? "1f2e3d4c5b6a7980" : "2f2e3d4c5b6a7980");
  return wanted;
}

// A pidfd is readable when the process has ended.
bool AwaitGone(pid_t pid) {
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) return true;
  pollfd ended{pidfd, POLLIN, 0};
  const int ready = ::poll(&ended, 1, 20'000);
  ::close(pidfd);
  return ready == 1;
}

class AgentProcess : public ::testing::Test {
 protected:
  // `behaviour` of the trainers: see tests/support/fake_trainer_main.cc.
  void Start(const std::string& behaviour, bool other_ca = false) {
    ::setenv("FAKE_TRAINER", behaviour.c_str(), 1);
    AgentOptions options;
    options.control.worker = "worker-1";
    options.control.nonce = RandomBits();
    options.control.pid = ::getpid();
    options.control.address = "127.0.0.1";
    options.control.directory = directory_ / "worker-1";
    options.control.artifact_root = directory_ / "artifacts";
    options.control.heartbeat = absl::Milliseconds(50);
    options.control.ranks.silence = absl::Seconds(2);
    options.control.ranks.kill_grace = absl::Seconds(1);
    options.coordinator.coordinator = coordinator_.address();
    options.coordinator.tls = coordinator_.AgentTls("worker-1", other_ca);
    options.coordinator.update_wait = absl::Milliseconds(200);
    options.storage = &storage_;
    options.slots.slots = "2";
    options.endpoint_file = directory_ / "endpoint.json";
    options.trainer_program = SIMCLR_FAKE_TRAINER;
    agent_ = Agent::Start(options).value();
  }
  // Both trainers take steps.
  std::vector<pid_t> AwaitTwoTrainers() {
    EXPECT_TRUE(coordinator_.AwaitObserved([](const v1::Observed& observed) {
      return observed.ranks_size() == 2 && observed.ranks(0).step() > 0 && observed.ranks(1).step() > 0;
    }));
    const v1::Observed observed = coordinator_.observed();
    std::vector<pid_t> pids;
    for (const v1::ObservedRank& rank : observed.ranks()) pids.push_back(rank.pid());
    return pids;
  }
  std::string Get(const std::string& path) {
    const std::string& address = agent_->http_address();
    return HttpGet(std::stoi(address.substr(address.rfind(':') + 1)), path);
  }
  // The exits of trainers are known to the coordinator before the scrape knows them.
  bool AwaitScrape(const std::string& text) { return AwaitPage("/metrics", text); }
  bool AwaitPage(const std::string& path, const std::string& text) {
    const absl::Time limit = absl::Now() + absl::Seconds(20);
    while (absl::Now() < limit) {
      if (absl::StrContains(Get(path), text)) return true;
    }
    return false;
  }
  bool AwaitEndpointFile(const std::string& text) {
    const absl::Time limit = absl::Now() + absl::Seconds(20);
    while (absl::Now() < limit) {
      const auto file = PosixFileSystem().Read(directory_ / "endpoint.json");
      if (file.ok() && absl::StrContains(*file, text)) return true;
    }
    return false;
  }
  // The directories of ended trainers go when their logs are archived.
  bool AwaitNoDirectories() {
    const absl::Time limit = absl::Now() + absl::Seconds(20);
    while (absl::Now() < limit) {
      if (PosixFileSystem()
              .List(directory_ / "worker-1/trainers")
              .value_or(std::vector<std::string>())
              .empty()) {
        return true;
      }
    }
    return false;
  }
  bool AwaitNone() {
    return coordinator_.AwaitObserved([](const v1::Observed& observed) {
      return !observed.worker().empty() && observed.ranks_size() == 0;
    });
  }

  TemporaryDirectory directory_;
  FaultyFileSystem storage_;
  ScriptedCoordinator coordinator_;
  std::unique_ptr<Agent> agent_;
};

TEST_F(AgentProcess, RunsAGangToItsEnd) {
  Start("steps=5 checkpoint_every=2");
  coordinator_.Want({Rank(0), Rank(1)});
  ASSERT_TRUE(coordinator_.AwaitExits(2));
  for (const v1::ReportExitRequest& exit : coordinator_.exits()) {
    EXPECT_EQ(exit.failure(), v1::FAILURE_CLASS_SUCCESS) << exit.message();
    EXPECT_EQ(exit.step(), 5);
    EXPECT_EQ(exit.nonce(), "1f2e3d4c5b6a7980");
  }
  EXPECT_TRUE(coordinator_.AwaitCommits(3));
  EXPECT_EQ(coordinator_.commits()[0].checkpoint().nonce(), "1f2e3d4c5b6a7980");
  EXPECT_EQ(coordinator_.commits()[0].checkpoint().path(), "j-1/checkpoints/a1-1f2e3d4c-s2");
  ASSERT_TRUE(coordinator_.AwaitArchived(2));
  EXPECT_THAT(PosixFileSystem().Read(directory_ / "artifacts/j-1/logs/a1-1f2e3d4c-r1.log").value_or(""),
              ::testing::HasSubstr("step 5 of 5"));
  EXPECT_TRUE(AwaitNone());
  EXPECT_TRUE(AwaitNoDirectories());
}

TEST_F(AgentProcess, LetsAnArtifactRootThatDoesNotAnswerHoldUpNothingButTheLog) {
  storage_.Block("artifacts");
  Start("steps=5");
  coordinator_.Want({Rank(0)});
  ASSERT_TRUE(coordinator_.AwaitExits(1));
  ASSERT_TRUE(storage_.AwaitBlocked());
  coordinator_.Want({Rank(1)});
  EXPECT_TRUE(coordinator_.AwaitExits(2)) << "another rank runs to its end";
  EXPECT_TRUE(AwaitPage("/livez", "HTTP/1.1 200"));
  EXPECT_TRUE(AwaitScrape("simclr_worker_unarchived_logs 2\n"));
  EXPECT_TRUE(coordinator_.AwaitObserved([](const v1::Observed& observed) {
    return observed.troubles_size() == 1 &&
           absl::StrContains(observed.troubles(0), "storage: no answer for ");
  }));
  EXPECT_TRUE(coordinator_.archived().empty());
  storage_.Release();
  ASSERT_TRUE(coordinator_.AwaitArchived(2));
  EXPECT_TRUE(coordinator_.AwaitObserved([](const v1::Observed& seen) { return seen.troubles().empty(); }));
  EXPECT_TRUE(AwaitNoDirectories());
}

TEST_F(AgentProcess, NamesThePartThatDoesNotEnd) {
  storage_.Block("artifacts");
  Start("");
  ASSERT_TRUE(storage_.AwaitBlocked());
  const absl::Status stopped = agent_->Stop();
  EXPECT_EQ(stopped.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(stopped.message()), ::testing::HasSubstr("archive"));
  storage_.Release();
}

TEST_F(AgentProcess, ArchivesTheLogsThatAnEarlierAgentLeft) {
  const std::string rank = directory_ / "worker-1/trainers/j-9-a1-1f2e3d4c-r0";
  ASSERT_TRUE(PosixFileSystem().MakeDirectories(rank).ok());
  ASSERT_TRUE(PosixFileSystem().Write(rank + "/log", "step 7\n").ok());
  ASSERT_TRUE(PosixFileSystem().Write(rank + "/rank", "j-9 1 0 1f2e3d4c5b6a7980 0\n").ok());
  Start("");
  ASSERT_TRUE(coordinator_.AwaitArchived(1));
  EXPECT_EQ(coordinator_.archived()[0].nonce(), "1f2e3d4c5b6a7980");
  EXPECT_EQ(PosixFileSystem().Read(directory_ / "artifacts/j-9/logs/a1-1f2e3d4c-r0.log").value_or(""),
            "step 7\n");
  EXPECT_TRUE(AwaitNoDirectories());
}

TEST_F(AgentProcess, LeavesOutAReportThatItCannotReadAndTakesThoseAfterIt) {
  Start("steps=5 checkpoint_every=2 garble_at=1");
  coordinator_.Want({Rank(0)});
  ASSERT_TRUE(coordinator_.AwaitExits(1));
  EXPECT_EQ(coordinator_.exits()[0].failure(), v1::FAILURE_CLASS_SUCCESS)
      << coordinator_.exits()[0].message();
  EXPECT_EQ(coordinator_.exits()[0].step(), 5);
  EXPECT_EQ(coordinator_.exits()[0].results().count("pretrain/loss"), 1u);
  EXPECT_TRUE(coordinator_.AwaitCommits(3));
  EXPECT_TRUE(AwaitScrape(
      "simclr_worker_refused_messages_total{message=\"TrainerReport\",reason=\"unreadable\"} 1\n"));
}

TEST_F(AgentProcess, LeavesOutOrdersThatDoNotFitAndCountsThem) {
  Start("steps=100000");
  coordinator_.Want({Rank(0), Rank(1)});
  const std::vector<pid_t> before = AwaitTwoTrainers();
  coordinator_.Want({Rank(0), Rank(0)});
  EXPECT_TRUE(
      AwaitScrape("simclr_worker_refused_messages_total{message=\"Desired\",reason=\"context\"} 1\n"));
  EXPECT_EQ(AwaitTwoTrainers(), before);
}

TEST_F(AgentProcess, KeepsItsTrainersThroughARestartOfTheCoordinator) {
  Start("steps=100000");
  coordinator_.Want({Rank(0), Rank(1)});
  const std::vector<pid_t> before = AwaitTwoTrainers();
  coordinator_.GoAway();
  coordinator_.ComeBack();
  EXPECT_EQ(AwaitTwoTrainers(), before);
  EXPECT_TRUE(coordinator_.exits().empty());
  EXPECT_EQ(coordinator_.disordered(), 0);
}

TEST_F(AgentProcess, TakesItsNumberFromTheCoordinatorAndTellsItInTheEndpointFile) {
  Start("steps=100000");
  coordinator_.Want({Rank(0), Rank(1)});
  const std::vector<pid_t> before = AwaitTwoTrainers();
  EXPECT_EQ(coordinator_.observed().incarnation(), 1u);
  EXPECT_EQ(coordinator_.observed().pid(), ::getpid());
  EXPECT_TRUE(AwaitEndpointFile("\"incarnation\": \"1\""));
  coordinator_.GoAway();
  coordinator_.ForgetIncarnations();
  coordinator_.ComeBack();
  EXPECT_EQ(AwaitTwoTrainers(), before);
  EXPECT_TRUE(coordinator_.AwaitObserved([](const v1::Observed& seen) { return seen.incarnation() == 2; }));
  EXPECT_TRUE(AwaitEndpointFile("\"incarnation\": \"2\""));
}

TEST_F(AgentProcess, EndsItsTrainersAndIdlesOnceItIsReplaced) {
  Start("steps=100000");
  coordinator_.Want({Rank(0), Rank(1)});
  const std::vector<pid_t> pids = AwaitTwoTrainers();
  coordinator_.Refuse(SessionRefusal::kReplaced);
  for (const pid_t pid : pids) EXPECT_TRUE(AwaitGone(pid));
  EXPECT_TRUE(AwaitScrape("simclr_worker_coordinator_connected 0\n"));
  EXPECT_TRUE(agent_->replaced());
  EXPECT_THAT(Get("/livez"), ::testing::StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Get("/readyz"), ::testing::HasSubstr(kRefused));
  agent_->Leave();
  EXPECT_EQ(coordinator_.refused(), 1u) << "it asks no more";
}

TEST_F(AgentProcess, AsksAgainWhileAnotherAgentHoldsItsName) {
  coordinator_.Refuse(SessionRefusal::kNameTaken);
  coordinator_.Want({Rank(0), Rank(1)});
  Start("steps=100000");
  ASSERT_TRUE(coordinator_.AwaitRefused(3));
  EXPECT_THAT(Get("/readyz"), ::testing::HasSubstr(kRefused));
  EXPECT_THAT(Get("/livez"), ::testing::StartsWith("HTTP/1.1 200"));
  EXPECT_FALSE(agent_->replaced());
  EXPECT_FALSE(PosixFileSystem().Exists(directory_ / "worker-1/trainers"));
  coordinator_.Refuse(std::nullopt);
  AwaitTwoTrainers();
}

TEST_F(AgentProcess, KeepsItsTrainersUntilTheVersionsFitAgain) {
  Start("steps=100000");
  coordinator_.Want({Rank(0), Rank(1)});
  const std::vector<pid_t> before = AwaitTwoTrainers();
  coordinator_.Refuse(SessionRefusal::kProtocol);
  ASSERT_TRUE(coordinator_.AwaitRefused(3));
  coordinator_.Refuse(std::nullopt);
  EXPECT_EQ(AwaitTwoTrainers(), before);
  EXPECT_TRUE(coordinator_.exits().empty());
}

TEST_F(AgentProcess, DeliversAnEndThatCameWhileTheCoordinatorWasAway) {
  Start("steps=40 step_ms=10");
  coordinator_.Want({Rank(0), Rank(1)});
  const std::vector<pid_t> pids = AwaitTwoTrainers();
  coordinator_.GoAway();
  for (const pid_t pid : pids) ASSERT_TRUE(AwaitGone(pid));
  coordinator_.ComeBack();
  ASSERT_TRUE(coordinator_.AwaitExits(2));
  EXPECT_EQ(coordinator_.exits()[0].failure(), v1::FAILURE_CLASS_SUCCESS);
  EXPECT_TRUE(AwaitNone());  // the attempt is still wanted, and yet not started again
}

TEST_F(AgentProcess, ReportsACrashAndLeavesNoProcess) {
  Start("steps=1000 crash_at=3");
  coordinator_.Want({Rank(0)});
  ASSERT_TRUE(coordinator_.AwaitExits(1));
  EXPECT_EQ(coordinator_.exits()[0].failure(), v1::FAILURE_CLASS_CRASH);
  EXPECT_EQ(coordinator_.exits()[0].signal(), SIGABRT);
  EXPECT_EQ(coordinator_.exits()[0].step(), 3);
  EXPECT_TRUE(AwaitNone());
}

TEST_F(AgentProcess, SeesAKilledTrainer) {
  Start("steps=100000");
  coordinator_.Want({Rank(0), Rank(1)});
  const std::vector<pid_t> pids = AwaitTwoTrainers();
  ::kill(pids[1], SIGKILL);
  ASSERT_TRUE(coordinator_.AwaitExits(1));
  EXPECT_EQ(coordinator_.exits()[0].rank(), 1);
  EXPECT_EQ(coordinator_.exits()[0].failure(), v1::FAILURE_CLASS_CRASH);
  EXPECT_EQ(coordinator_.exits()[0].signal(), SIGKILL);
}

TEST_F(AgentProcess, KillsATrainerThatIgnoresTheGentleWay) {
  Start("steps=100000 ignore_term");
  coordinator_.Want({Rank(0), Rank(1)});
  AwaitTwoTrainers();
  coordinator_.Want({});
  ASSERT_TRUE(coordinator_.AwaitExits(2));
  EXPECT_EQ(coordinator_.exits()[0].failure(), v1::FAILURE_CLASS_CANCELLED);
  EXPECT_EQ(coordinator_.exits()[0].signal(), SIGKILL);
}

TEST_F(AgentProcess, EndsAFrozenTrainerAsHung) {
  Start("steps=100000");
  coordinator_.Want({Rank(0), Rank(1)});
  const std::vector<pid_t> pids = AwaitTwoTrainers();
  ::kill(pids[0], SIGSTOP);
  ASSERT_TRUE(coordinator_.AwaitExits(1));
  EXPECT_EQ(coordinator_.exits()[0].rank(), 0);
  EXPECT_EQ(coordinator_.exits()[0].failure(), v1::FAILURE_CLASS_HANG);
}

TEST_F(AgentProcess, StartsTheNextAttemptOnTheSlotsOfTheOld) {
  Start("steps=100000");
  coordinator_.Want({Rank(0), Rank(1)});
  AwaitTwoTrainers();
  coordinator_.Want({Rank(0, 2), Rank(1, 2)});
  EXPECT_TRUE(coordinator_.AwaitObserved([](const v1::Observed& observed) {
    return observed.ranks_size() == 2 && observed.ranks(0).attempt() == 2 && observed.ranks(1).step() > 0;
  }));
}

TEST_F(AgentProcess, DrainsItsTrainersWhenItLeaves) {
  Start("steps=100000");
  coordinator_.Want({Rank(0), Rank(1)});
  AwaitTwoTrainers();
  agent_->Leave();
  ASSERT_TRUE(coordinator_.AwaitExits(2));
  EXPECT_EQ(coordinator_.exits()[0].failure(), v1::FAILURE_CLASS_DRAINED);
  agent_.reset();
  EXPECT_TRUE(coordinator_.AwaitObserved([](const v1::Observed& observed) { return observed.leaving(); }));
}

TEST_F(AgentProcess, CountsWhatItsTrainersDidThroughARestart) {
  Start("steps=1000 exit_at=5 exit_code=31");
  coordinator_.Want({Rank(0), Rank(1)});
  ASSERT_TRUE(coordinator_.AwaitExits(2));
  coordinator_.Want({Rank(0, 2)});
  ASSERT_TRUE(coordinator_.AwaitExits(3));
  EXPECT_TRUE(AwaitScrape("simclr_worker_trainer_exits_total{class=\"peer_lost\"} 3\n"));
  const std::string metrics = Get("/metrics");
  EXPECT_THAT(metrics, ::testing::HasSubstr("simclr_train_steps_total{job_id=\"j-1\",rank=\"0\"} 10\n"));
  EXPECT_THAT(metrics, ::testing::HasSubstr("simclr_train_steps_total{job_id=\"j-1\",rank=\"1\"} 5\n"));
  EXPECT_THAT(metrics, ::testing::HasSubstr("simclr_train_phase_seconds_total{job_id=\"j-1\",rank=\"0\","
                                            "phase=\"forward\"} 2.5\n"));
  EXPECT_THAT(metrics, ::testing::HasSubstr("simclr_train_loss{job_id=\"j-1\"} 0.2\n"));
}

TEST_F(AgentProcess, IsReadyOnceTheCoordinatorAnswers) {
  Start("");
  ASSERT_TRUE(AwaitNone());
  EXPECT_TRUE(AwaitScrape("simclr_worker_coordinator_connected 1\n"));
  EXPECT_TRUE(AwaitPage("/readyz", "HTTP/1.1 200"));
  coordinator_.GoAway();
  EXPECT_TRUE(AwaitScrape("simclr_worker_coordinator_connected 0\n"));
  EXPECT_THAT(Get("/readyz"), ::testing::HasSubstr("no session with the coordinator"));
  EXPECT_THAT(Get("/livez"), ::testing::StartsWith("HTTP/1.1 200"));
}

TEST_F(AgentProcess, DoesNotTalkToACoordinatorOfAnotherCa) {
  Start("", /*other_ca=*/true);
  EXPECT_FALSE(
      coordinator_.AwaitObserved([](const v1::Observed& observed) { return !observed.worker().empty(); },
                                 /*limit=*/absl::Seconds(2)));
}

TEST_F(AgentProcess, RefusesADirectoryThatAnotherAgentUses) {
  Start("");
  AgentOptions second;
  second.control.directory = directory_ / "worker-1";
  const auto refused = Agent::Start(second);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()), ::testing::HasSubstr("another agent uses"));
}

}  // namespace
}  // namespace simclr::agent
