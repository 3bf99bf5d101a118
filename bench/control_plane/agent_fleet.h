#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/control_plane/bench_pki.h"
#include "bench/control_plane/samples.h"
#include "bench/control_plane/simulated_agent.h"

namespace simclr::bench {

// Many simulated agents, node-0, node-1 and so on, each with its own certificate and connection; their
// heartbeats are spread evenly over the period. Thread-safe.
class AgentFleet {
 public:
  struct Options {
    int agents = 0;
    int slots = 1;
    absl::Duration period = absl::Seconds(2);
  };

  // Returns when the coordinator has answered all of them; DEADLINE_EXCEEDED says how many are missing.
  static absl::StatusOr<std::unique_ptr<AgentFleet>> Start(const std::string& address, BenchPki& pki,
                                                           const Options& options);

  SimulatedAgent& agent(std::size_t number) { return *agents_[number]; }
  int ranks() const;  // that run on all of them
  // Until at least so many ranks run.
  absl::Status AwaitRanks(int ranks, absl::Duration limit) const;
  // OK while all sessions live, else the end of one of them.
  absl::Status sessions() const;
  Samples TakeRoundTrips();

 private:
  explicit AgentFleet(const Options& options) : options_(options) {}
  // The agent of that number, connected, its session begun.
  static absl::StatusOr<std::unique_ptr<SimulatedAgent>> Connect(const std::string& address, BenchPki& pki,
                                                                 int number, int slots,
                                                                 AgentIdentity::Numbering numbering);
  // The first agent, which finds out how the coordinator wants agents to be numbered.
  static absl::StatusOr<std::unique_ptr<SimulatedAgent>> ConnectFirst(const std::string& address,
                                                                      BenchPki& pki, int slots,
                                                                      AgentIdentity::Numbering& numbering);
  void BeatUntilStopped(const std::stop_token& stop);
  absl::Status AwaitAnswers(absl::Duration limit) const;

  const Options options_;
  std::vector<std::unique_ptr<SimulatedAgent>> agents_;
  std::jthread heart_;  // ends before the agents go
};

}  // namespace simclr::bench
