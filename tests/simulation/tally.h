#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace simclr::simulation {

enum class Family { kNetwork, kCoordinator, kDisk, kClock, kTrainer, kAgent, kMessage, kStorage };

enum class Fault {
  kMessageLost,
  kMessageDelayed,
  kMessageRepeated,
  kPartition,
  kOneWayPartition,
  kKillBeforeAppend,
  kKillAfterAppend,
  kKillBetween,
  kCommitOfUnknownEnd,
  kRestore,
  kRestoreAgain,
  kRepair,
  kDiskFull,
  kDiskBusy,
  kDiskSlow,
  kWallForward,
  kWallBack,
  kStoodStill,
  kTrainerFails,
  kTrainerFreezes,
  kTrainerStraggles,
  kTrainerVanishes,
  kAgentRestarts,
  kAgentAway,
  kAgentLeaves,
  kSecondAgent,
  kSlotBreaks,
  kSlotFailsJobs,
  kBuildSwapped,
  kSpoolFull,
  kSpoolTorn,
  kOddMessage,
  kOddInventory,
  kStorageAway,
  kRemovalBreaks,
  kKillInRemoval,
  kTornSave,
  kStrangeFiles,
};

struct FaultKind {
  Fault fault;
  Family family;
  const char* name;
};

inline const std::vector<FaultKind>& AllFaults() {
  static const std::vector<FaultKind> all = {
      {Fault::kMessageLost, Family::kNetwork, "message lost"},
      {Fault::kMessageDelayed, Family::kNetwork, "message delayed"},
      {Fault::kMessageRepeated, Family::kNetwork, "message repeated"},
      {Fault::kPartition, Family::kNetwork, "partition"},
      {Fault::kOneWayPartition, Family::kNetwork, "one-way partition"},
      {Fault::kKillBeforeAppend, Family::kCoordinator, "killed before append"},
      {Fault::kKillAfterAppend, Family::kCoordinator, "killed after append"},
      {Fault::kKillBetween, Family::kCoordinator, "killed between"},
      {Fault::kCommitOfUnknownEnd, Family::kCoordinator, "commit of unknown end"},
      {Fault::kRestore, Family::kCoordinator, "restore"},
      {Fault::kRestoreAgain, Family::kCoordinator, "restore of the same copy"},
      {Fault::kRepair, Family::kCoordinator, "repair"},
      {Fault::kDiskFull, Family::kDisk, "disk full"},
      {Fault::kDiskBusy, Family::kDisk, "disk busy"},
      {Fault::kDiskSlow, Family::kDisk, "disk slow"},
      {Fault::kWallForward, Family::kClock, "wall clock forward"},
      {Fault::kWallBack, Family::kClock, "wall clock back"},
      {Fault::kStoodStill, Family::kClock, "all stood still"},
      {Fault::kTrainerFails, Family::kTrainer, "trainer fails"},
      {Fault::kTrainerFreezes, Family::kTrainer, "trainer freezes"},
      {Fault::kTrainerStraggles, Family::kTrainer, "trainer straggles"},
      {Fault::kTrainerVanishes, Family::kTrainer, "trainer vanishes"},
      {Fault::kAgentRestarts, Family::kAgent, "agent restarts"},
      {Fault::kAgentAway, Family::kAgent, "agent away"},
      {Fault::kAgentLeaves, Family::kAgent, "agent leaves"},
      {Fault::kSecondAgent, Family::kAgent, "second agent of a name"},
      {Fault::kSlotBreaks, Family::kAgent, "slot breaks"},
      {Fault::kSlotFailsJobs, Family::kAgent, "slot fails jobs"},
      {Fault::kBuildSwapped, Family::kAgent, "trainers of another build"},
      {Fault::kSpoolFull, Family::kAgent, "spool's disk full"},
      {Fault::kSpoolTorn, Family::kAgent, "spool item torn"},
      {Fault::kOddMessage, Family::kMessage, "odd message"},
      {Fault::kOddInventory, Family::kMessage, "slot listed twice"},
      {Fault::kStorageAway, Family::kStorage, "storage away"},
      {Fault::kRemovalBreaks, Family::kStorage, "removal ends half-way"},
      {Fault::kKillInRemoval, Family::kStorage, "killed in a removal"},
      {Fault::kTornSave, Family::kStorage, "checkpoint torn"},
      {Fault::kStrangeFiles, Family::kStorage, "somebody's files"},
  };
  return all;
}

inline const FaultKind& KindOf(Fault fault) {
  return AllFaults()[static_cast<std::size_t>(fault)];
}

// What a history, or a run of many, was made of.
struct Tally {
  std::map<std::string, std::int64_t> faults, events, refusals;
  std::set<Family> families;
  std::int64_t journaled = 0;  // events

  void Count(Fault fault) {
    ++faults[KindOf(fault).name];
    families.insert(KindOf(fault).family);
  }
  void Add(const Tally& other) {
    for (const auto& [name, count] : other.faults) faults[name] += count;
    for (const auto& [name, count] : other.events) events[name] += count;
    for (const auto& [name, count] : other.refusals) refusals[name] += count;
    journaled += other.journaled;
  }
};

// Ways in which the coordinator says no, each of which a run must have seen.
inline const std::vector<std::string>& AllRefusals() {
  static const std::vector<std::string> all = {
      "stale exit",
      "stale checkpoint",
      "stale metrics",
      "replaced",
      "name taken",
      "orders not obeyed",
      "disk full",
      "disk busy",
      "already ended",
      "request of another",
      "refused at the door",
      "dependency failed",
      "deleted",
      "deletion of an open job",
      "deletion of a needed job",
      "deletion of another's job",
      "another build",
  };
  return all;
}

}  // namespace simclr::simulation
