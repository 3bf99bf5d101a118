#include "worker/agent/launcher/launcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_trainer.h"

namespace simclr::agent {
namespace {

TEST(Launcher, StartsTrainersInTheOrderAskedAndTellsHowItWent) {
  const FakeClock clock;
  FakeTrainerLauncher trainers;
  std::vector<Launched> launched;
  Launcher launcher(trainers, {"/no/membership", "/no/cgroup"}, clock,
                    [&](Launched one) { launched.push_back(std::move(one)); });
  EXPECT_EQ(launcher.RunOnce(absl::ZeroDuration()), absl::InfiniteDuration());
  for (const char* job : {"j-1", "j-2"}) EXPECT_TRUE(launcher.Launch({{job, 1, 0, "0a"}, {}, 1, "/rank"}));
  EXPECT_TRUE(launched.empty()) << "it only queues";
  launcher.RunOnce(absl::ZeroDuration());
  trainers.failure = absl::NotFoundError("no such program");
  launcher.RunOnce(absl::ZeroDuration());
  ASSERT_EQ(launched.size(), 2u);
  EXPECT_EQ(launched[0].key.job_id, "j-1");
  EXPECT_EQ((*launched[0].process)->pid(), 1000);
  EXPECT_EQ(launched[1].key.job_id, "j-2");
  EXPECT_EQ(launched[1].process.status(), absl::NotFoundError("no such program"));
}

TEST(Launcher, TakesNoMoreThanItCanHold) {
  const FakeClock clock;
  FakeTrainerLauncher trainers;
  Launcher launcher(trainers, {"/no/membership", "/no/cgroup"}, clock, [](const Launched&) {});
  for (std::size_t i = 0; i < kMaxWaitingLaunches; ++i) EXPECT_TRUE(launcher.Launch({}));
  EXPECT_FALSE(launcher.Launch({}));
}

}  // namespace
}  // namespace simclr::agent
