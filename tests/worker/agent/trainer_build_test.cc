#include "worker/agent/trainer_build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "absl/time/clock.h"
#include "common/base/file_system.h"
#include "tests/support/temporary_directory.h"

namespace simclr::agent {
namespace {

using ::testing::HasSubstr;

template <typename Condition>
bool HoldsInTime(const Condition& condition) {
  const absl::Time end = absl::Now() + absl::Seconds(60);
  while (!condition()) {
    if (absl::Now() > end) return false;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return true;
}

class Trainer {
 public:
  // In place of what was there, as a package does it.
  void Install(const std::string& script) {
    const std::string next = path() + ".new";
    std::ofstream(next) << "#!/bin/sh\n" << script << "\n";
    ::chmod(next.c_str(), 0755);
    ASSERT_TRUE(PosixFileSystem().Rename(next, path()).ok());
  }
  std::string path() const { return directory_.path() + "/trainer"; }
  std::string scratch() const { return directory_.path() + "/build"; }

 private:
  TemporaryDirectory directory_;
};

TEST(AskBuild, TakesTheLineOfTheBuildAmongOthers) {
  Trainer trainer;
  trainer.Install("echo a warning >&2; echo simclr 0.1.0 abc, libtorch 2.14.1");
  EXPECT_EQ(AskBuild(trainer.path(), trainer.scratch(), absl::Seconds(30)).value(),
            "simclr 0.1.0 abc, libtorch 2.14.1");
}

TEST(AskBuild, SaysThatAProgramDoesNotAnswer) {
  Trainer trainer;
  trainer.Install("echo hello");
  EXPECT_THAT(std::string(AskBuild(trainer.path(), trainer.scratch(), absl::Seconds(30)).status().message()),
              HasSubstr("did not say what it is"));
  trainer.Install("exec sleep 600");
  EXPECT_EQ(AskBuild(trainer.path(), trainer.scratch(), absl::Milliseconds(200)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST(TrainerBuild, AsksAgainWhenTheFileIsSwapped) {
  Trainer trainer;
  trainer.Install("echo simclr one");
  TrainerBuild::Options options;
  options.look = absl::Milliseconds(10);
  const TrainerBuild build(trainer.path(), trainer.scratch(), options);
  ASSERT_TRUE(HoldsInTime([&] { return build.current() == "simclr one"; }));
  EXPECT_TRUE(build.asked());
  trainer.Install("echo simclr two");
  EXPECT_TRUE(HoldsInTime([&] { return build.current() == "simclr two"; }));
}

}  // namespace
}  // namespace simclr::agent
