#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "simclr/v1/job.pb.h"

namespace simclr::coordinator {

struct SlotView {
  int index = 0;
  v1::Device device = v1::DEVICE_CPU;  // CPU or CUDA
  bool free = false;                   // usable, nobody's, and what ran there before is gone
};

struct WorkerView {
  std::string name;
  std::uint64_t incarnation = 0;
  bool lost = false;        // its slots count for nothing but the meaning of `device: auto`
  bool left = false;        // lost, as it said good-bye
  bool takes_work = false;  // alive; otherwise its slots count as taken
  std::vector<SlotView> slots;
};

struct GangRequest {
  std::string job_id;
  int ranks = 1;
  v1::Device device = v1::DEVICE_AUTO;
  int priority = 0;        // larger goes first
  absl::Duration waiting;  // since it was submitted
};

struct RankSlot {
  std::string worker;
  std::uint64_t incarnation = 0;
  int slot = 0;
};

struct GangDecision {
  std::string job_id;
  std::vector<RankSlot> gang;                  // by rank; empty: it waits
  v1::Device device = v1::DEVICE_UNSPECIFIED;  // what auto came to
  v1::Reason reason = v1::REASON_UNSPECIFIED;  // of waiting: WAITING_FOR_CAPACITY or NO_SUCH_CAPACITY
  std::string message;                         // of waiting, for people: "needs 4 cpu slots, 2 free of 2"
};

struct SchedulerOptions {
  // A job that waits for longer keeps the slots of its device from those behind it, so that it starts at
  // last.
  absl::Duration starvation_limit = absl::Minutes(10);
};

// Places each gang completely or not at all: on one worker if possible (the one with the least room to
// spare), else on the fewest. `requests` come in submit order; a higher priority goes first, a small job may
// pass a big one that does not fit. One decision a request, in the order of consideration. Pure.
std::vector<GangDecision> ScheduleGangs(const SchedulerOptions& options, std::vector<GangRequest> requests,
                                        std::vector<WorkerView> workers);

}  // namespace simclr::coordinator
