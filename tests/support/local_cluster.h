#pragma once

#include <sys/types.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/support/temporary_directory.h"

namespace simclr {

// A cluster of real processes in a temporary directory, driven by the real simclrctl with a context file of
// its own. Destruction stops it. Failures of set-up are test failures. Not thread-safe.
class LocalClusterUnderTest {
 public:
  struct Result {
    int code = -1;
    std::string out;
    std::string err;
  };

  // `trainer`: program; empty: simclr-trainer beside simclrctl. `programs`: the directory of simclrctl.
  LocalClusterUnderTest(std::string programs, std::string trainer);
  ~LocalClusterUnderTest();

  Result Ctl(const std::vector<std::string>& arguments);
  // Two workers with one slot each, or what is missing of them.
  Result Up(const std::vector<std::string>& more = {});
  Result Down() { return Ctl({"local", "down", "--dir", directory()}); }

  nlohmann::json Status();  // local status -o json
  std::vector<pid_t> TrainerPids();
  std::string Submit(const std::string& job_file);  // the job's id
  nlohmann::json Job(const std::string& id);
  // Asks again and again until `condition` holds; fails the test and gives the last answer after `limit`.
  nlohmann::json AwaitJob(const std::string& id, const std::function<bool(const nlohmann::json&)>& condition,
                          absl::Duration limit);
  bool Await(const std::function<bool()>& condition, absl::Duration limit);
  std::size_t Checkpoints(const std::string& id);
  // The end of every log, for the message of a failed test.
  std::string Logs();

  std::string directory() const { return temporary_ / "cluster"; }
  const TemporaryDirectory& temporary() const { return temporary_; }

 private:
  const TemporaryDirectory temporary_;
  const std::string programs_;
  const std::string trainer_;
};

// Whether the process still runs (a zombie does not).
bool IsRunning(pid_t pid);

}  // namespace simclr
