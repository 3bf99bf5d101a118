#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "coordinator/state/records.h"
#include "simclr/v1/event.pb.h"

// Slots that get no work for a while, because jobs failed there. Pure; times are of the service.
namespace simclr::coordinator {

struct ExclusionOptions {
  // Two different jobs must fail in a slot within this, before it is excluded for all.
  absl::Duration window = absl::Hours(1);
  // For so long, twice as long each time after that, and from the beginning where it has been sound for as
  // long as the longest exclusion.
  absl::Duration first = absl::Minutes(30);
  absl::Duration longest = absl::Hours(24);
};

// Whose fault the end of an attempt may be.
enum class Blame {
  kNobody,  // not of this kind, or it has no culprit
  kSlot,    // the job's first failure of that kind, or another one in the same slot: the job avoids it
  kJob,     // it failed alike in another slot before: that counts against its restarts
};

// `slot`: where the culprit ran; null: there is none. `record`: what the job avoids already.
Blame BlameFor(v1::FailureClass failure, const v1::SlotRef* slot, const v1::JobRecord& record);

struct Exclusion {
  absl::Duration span;
  std::string reason;  // for people
};

// Whether the slot is to be excluded for all jobs from `now` on.
std::optional<Exclusion> DecideExclusion(const ExclusionOptions& options, const v1::SlotHealth& health,
                                         absl::Duration now);

// A slot that is excluded, as far as its own record goes.
struct ExclusionWish {
  SlotKey slot;
  v1::Device device = v1::DEVICE_CPU;
  absl::Time until;
};

struct DeviceSlots {
  int present = 0;  // on workers that are there, sound or not
  int sound = 0;    // of those: could be given away, were they not excluded
};

// At most one slot in so many of a device may be excluded at a time, but one in any case.
inline constexpr int kOneInSoMany = 10;

// Which wishes come true, those that last longest first: never more than a tenth of the slots of a device
// (at least one), and never the last sound one. `wishes` are of sound slots.
std::set<SlotKey> ChooseExcluded(std::vector<ExclusionWish> wishes,
                                 const std::map<v1::Device, DeviceSlots>& slots);

}  // namespace simclr::coordinator
