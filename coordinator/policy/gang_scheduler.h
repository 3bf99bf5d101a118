#pragma once

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "coordinator/policy/gang_queue.h"
#include "coordinator/policy/slot_pool.h"
#include "simclr/v1/job.pb.h"

namespace simclr::coordinator {

struct SchedulerOptions {
  // The first job of a device that does not fit and has been queued for so long gets a reservation, so that
  // it starts at last.
  absl::Duration starvation_limit = absl::Minutes(10);
};

struct GangDecision {
  std::string job_id;
  std::vector<RankSlot> gang;                  // by rank; empty: it waits
  v1::Device device = v1::DEVICE_UNSPECIFIED;  // what auto came to
  v1::Reason reason = v1::REASON_UNSPECIFIED;  // of waiting: what would have to change
};

// Whether it is one of those that a pass gives.
inline bool WaitsForSlots(v1::Reason reason) {
  return reason == v1::REASON_WAITING_FOR_CAPACITY || reason == v1::REASON_NO_SUCH_CAPACITY ||
         reason == v1::REASON_NODES_EXCLUDED || reason == v1::REASON_VERSIONS_DIFFER;
}

// One pass over the queue. Each gang is placed completely or not at all; a job may pass a larger one that
// does not fit. A device has one reservation at most, of the first job that needs it; it is on named slots,
// only these are kept from the jobs behind, and each pass plans it anew. The jobs that go before take them
// only where nothing else is free. So the plan comes no later from pass to pass, and the job starts when
// those in its way have ended.
//
// A gang is of one build, and takes no slot that its job avoids, unless the others could never be enough.
//
// The pass takes the slots that it gives away out of `pool`, under the job's id; who drops such a decision
// releases them. It may be done in slices: between two Steps queue and pool may change. What comes free
// meanwhile may go to jobs that were not looked at yet, but never past one of their size or a smaller one;
// the next pass offers it to all. Without such changes slices decide what one Step would. Both references
// outlive the pass.
class SchedulingPass {
 public:
  enum class Scope {
    kAll,
    // The new requests alone. Decides what a pass over all would, if since the last one nothing came free and
    // no time went by: who waited then waits still. Goes on with those behind, where a reservation gives way.
    kNew,
  };

  SchedulingPass(const SchedulerOptions& options, GangQueue& queue, SlotPool& pool, absl::Time now,
                 Scope scope);

  // Looks at the next `requests` jobs, at most; they are no longer new. Only news: gangs, and jobs whose
  // reason is no longer the recorded one, which whoever records it changes in the queue. In the order of
  // consideration.
  std::vector<GangDecision> Step(int requests = std::numeric_limits<int>::max());
  bool done() const { return done_; }

 private:
  struct DeviceState {
    int refused = std::numeric_limits<int>::max();  // the smallest gang that did not fit
    bool reserved = false;  // for a job that goes before those to come; what is older gives way where need be
  };

  GangQueue::const_iterator Next() const;
  GangDecision Decide(const GangRequest& request);
  bool GoesBeforeReserved(const GangRequest& request, v1::Device device) const;
  void LookAtAllFrom(const GangRequest& request);
  GangDecision DecideWithBarred(const GangRequest& request);
  v1::Reason WhyNot(v1::Device device, int ranks) const;
  void GiveUpOlder(const GangRequest& request, v1::Device device);
  DeviceState& StateOf(v1::Device device);

  const SchedulerOptions options_;
  GangQueue& queue_;
  SlotPool& pool_;
  const absl::Time now_;
  Scope scope_;
  std::optional<GangRequest> last_;  // looked at; of a pass over all
  bool done_ = false;
  std::array<DeviceState, 2> devices_;  // CPU, CUDA
};

}  // namespace simclr::coordinator
