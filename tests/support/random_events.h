#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "coordinator/state/state_reader.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// Events of every kind about a few jobs, workers and slots, so that they meet: most are possible in the state
// that is shown, some break an invariant. Without revision, times and actor. The same seed makes the same
// events. Not thread-safe.
class RandomEvents {
 public:
  explicit RandomEvents(std::uint64_t seed) : random_(seed) {}

  v1::Event Next(const StateReader& state);

 private:
  bool OneIn(int n) { return random_() % static_cast<std::uint64_t>(n) == 0; }
  int Below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }

  std::string AnyJob(const StateReader& state);
  std::string AnyWorker() { return "worker-" + std::to_string(1 + Below(3)); }
  v1::Phase AnyPhase() { return static_cast<v1::Phase>(Below(v1::Phase_ARRAYSIZE)); }
  v1::Event Submitted(const StateReader& state);
  v1::Event Placed(const StateReader& state, const std::string& id);
  v1::Event Committed(const StateReader& state, const std::string& id);
  v1::Event OfAttempt(const StateReader& state, const std::string& id);
  v1::Event OfWorker();
  v1::SlotRef AnyPlace();
  v1::RankRecord AnySlot(const StateReader& state);

  std::mt19937_64 random_;
  std::vector<std::string> jobs_;  // asked for, whether or not they came to be
};

}  // namespace simclr::coordinator
