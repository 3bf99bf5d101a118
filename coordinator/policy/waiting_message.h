#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/policy/gang_queue.h"
#include "coordinator/policy/gang_scheduler.h"
#include "coordinator/policy/slot_pool.h"

namespace simclr::coordinator {

// What one job waits for, at one moment.
struct WaitingView {
  v1::Device device = v1::DEVICE_UNSPECIFIED;  // what the job's device came to
  SlotCounts slots;                            // of that device
  std::optional<Reservation> reservation;      // of that device, whoever's
  int position = 0;                            // in the queue, from 1; 0 leaves it out
  // Workers with slots of that device that are gone: lost, or by a good-bye.
  std::vector<std::string> lost;
  std::vector<std::string> left;
  // Slots of that device that are excluded, as "worker/slot".
  std::vector<std::string> excluded;
  std::map<std::string, std::string> builds;  // of workers with usable ones, with a worker of each
};

// One sentence for people: "needs 4 cuda slots, 2 free of 8; position 12 in the queue". It names a few
// workers at most. Derived when somebody asks, never recorded. Pure.
std::string WaitingMessage(const GangRequest& request, const WaitingView& view);

}  // namespace simclr::coordinator
