#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/artifacts.h"
#include "tests/simulation/checks.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/gangs.h"
#include "tests/simulation/model_agent.h"
#include "tests/simulation/network.h"
#include "tests/simulation/server.h"
#include "tests/simulation/tally.h"
#include "tests/simulation/users.h"
#include "tests/support/fake_clock.h"
#include "tests/support/message_mutator.h"

namespace simclr::simulation {

// One history of a cluster, told by its seed: some minutes of virtual time with faults of every kind, then
// calm, in which every job must end.
class History {
 public:
  explicit History(std::uint64_t seed);

  void Run();

  // Empty: all went well.
  const std::string& violation() const { return checks_.violation(); }
  const Tally& tally() const { return tally_; }

 private:
  void Round(bool calm);
  void AllowForTime(absl::Duration duration);
  void UsersAct();
  void CleanUp();

  void Disturb();
  void DisturbNetwork();
  void DisturbCoordinator();
  void DisturbDisk();
  void DisturbClock();
  void DisturbAgents();
  void DisturbStorage();
  void PutStrangeFiles();
  void AdoptSomeTime();
  void SendOddMessage();
  void SendOddObserved(ModelAgent& agent);
  void SendOddReport(ModelAgent& agent);
  void Mend();  // what was disturbed for some time only

  void Calm();
  bool IsQuiet() const;
  void CheckEnd();
  void LetADayPass();
  void LetAMonthPass();

  Dice dice_;
  Tally tally_;
  FakeClock clock_;
  Checks checks_{tally_, clock_};
  Network network_{clock_, dice_, tally_};
  Artifacts artifacts_{tally_, checks_};
  Server server_{clock_, dice_, tally_, checks_, artifacts_};
  Users users_{dice_, tally_, server_, checks_};
  MessageMutator mutator_{dice_.Bits()};
  const Surroundings surroundings_{clock_, dice_, tally_, network_, server_, checks_, artifacts_};
  std::vector<std::unique_ptr<ModelAgent>> agents_;  // the first kAgents of them have names of their own

  absl::Duration down_until_, disk_until_, storage_until_;
  absl::Duration expire_at_;                            // the next turn of the retention
  std::vector<absl::Duration> away_until_, cut_until_;  // by agent
};

}  // namespace simclr::simulation
