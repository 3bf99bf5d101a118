#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/distributed/collective.h"

namespace simclr::testing {

// One rank of a test, in a process of its own.
class RankContext {
 public:
  RankContext(int rank, int world_size, std::string directory, std::unique_ptr<engine::AttemptStore> store);

  int rank() const { return rank_; }
  int world_size() const { return world_size_; }
  // Shared by the ranks of the call, empty at the start; removed by the parent.
  const std::string& directory() const { return directory_; }
  engine::AttemptStore& store() { return *store_; }

  // A Gloo group of all ranks; throws where it cannot be made. Call with the same names on all ranks.
  std::unique_ptr<engine::Collective> Group(const std::string& name,
                                            absl::Duration timeout = absl::Seconds(30));

  // Hands a tensor to the parent.
  void Save(const std::string& name, const at::Tensor& tensor);
  const std::map<std::string, at::Tensor>& saved() const { return saved_; }

 private:
  const int rank_;
  const int world_size_;
  const std::string directory_;
  const std::unique_ptr<engine::AttemptStore> store_;
  std::map<std::string, at::Tensor> saved_;
};

struct RankResult {
  int exit_code = 0;  // minus the signal that ended it; 1 where an expectation failed
  std::string output;
  std::map<std::string, at::Tensor> saved;
};

// Runs `body` in `world_size` processes: the current test is started again, once a rank, and ends there with
// its expectations; only the parent, which hosts the store, returns. Call it once a test. What stands before
// the call runs in the ranks, too (their own copy of the inputs), what stands after it in the parent alone.
// Each rank has one thread for tensor operations.
std::vector<RankResult> RunRanks(int world_size, const std::function<void(RankContext&)>& body);

// Fails the test, with the output of the rank, where one did not end with 0.
void ExpectAllPassed(const std::vector<RankResult>& results);

}  // namespace simclr::testing
