#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "coordinator/state/records.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

struct SlotView {
  int index = 0;
  v1::Device device = v1::DEVICE_CPU;  // CPU or CUDA
  bool usable = true;                  // by itself: sound
  std::string holder;                  // the job whose trainer runs there, or has not gone yet; empty: free
  absl::Time held_since;               // where there is a holder
  // Its record wants it excluded until then; InfinitePast: it does not.
  absl::Time excluded_until = absl::InfinitePast();
  std::string uuid = {};  // of the GPU in it

  bool operator==(const SlotView&) const = default;
};

// What a worker that is there may be given.
enum class Intake {
  kOpen,    // its free slots are given away
  kSilent,  // it was not heard for a moment: it gets nothing, but its slots stay capacity that may come free
  kClosed,  // cordoned, draining, of a wrong build: its slots are no capacity
};

struct WorkerView {
  std::string name;
  std::uint64_t incarnation = 0;
  Intake intake = Intake::kOpen;
  std::vector<SlotView> slots;  // of an index that comes twice only the first counts
  std::string build = {};       // of its trainers: a gang is of one build

  bool operator==(const WorkerView&) const = default;
};

struct RankSlot {
  std::string worker;
  std::uint64_t incarnation = 0;
  int slot = 0;
};

// Slots that are kept from all other jobs until this one starts.
struct Reservation {
  std::string job_id;
  std::vector<RankSlot> slots;  // worker by worker; in each as they are expected to be free
};

// Slots of one device.
struct SlotCounts {
  int present = 0;  // on workers that are there, sound or not
  int usable = 0;   // of those: capacity, that is sound and not excluded, on a worker that is open or silent
  int open = 0;     // of those: on an open worker
  int free = 0;     // of those: without a holder
  int kept = 0;     // of those: reserved
  // Those that would be usable, and those that would be free as well, were they not excluded.
  int excluded = 0;
  int excluded_free = 0;

  int room() const { return free - kept; }
};

// The slots of all workers that are there, who holds them, and which of the free ones a gang gets. Changes
// one worker or slot at a time; the same contents give the same answers, in whatever order they came in. What
// it does not know, a worker or a slot, is ignored by Take and Release. A change costs O(slots of that worker
// + log(workers)). Thread-compatible.
class SlotPool {
 public:
  SlotPool() = default;
  SlotPool(SlotPool&&) = default;  // no copies: the parts point at each other
  SlotPool& operator=(SlotPool&&) = default;

  // Adds the worker, or replaces what is known of it. Slots that are reserved stay so.
  void SetWorker(const WorkerView& worker);
  // The worker is gone: lost, left, replaced.
  void RemoveWorker(absl::string_view name);

  // Of a slot that somebody holds, the later call counts.
  void Take(absl::string_view worker, int slot, absl::string_view holder, absl::Time since);
  void Release(absl::string_view worker, int slot);

  SlotCounts Count(v1::Device device) const;
  // The largest that `measure` is of the slots of one build.
  template <typename Measure>
  int Most(v1::Device device, Measure measure) const {
    int most = 0;
    for (const auto& [build, of_build] : builds_[PlaceOf(device)]) {
      most = std::max(most, static_cast<int>(measure(of_build.counts)));
    }
    return most;
  }
  // Excluded now: those whose record wants it, as far as ChooseExcluded lets them.
  const std::set<SlotKey>& excluded() const { return excluded_; }
  // The builds of workers with usable slots of the device, with a worker of each.
  std::map<std::string, std::string> Builds(v1::Device device) const;

  // Until Unbar, these slots are excluded too.
  void Bar(const std::vector<v1::SlotRef>& slots);
  void Unbar();

  // `wanted`, where it is CPU or CUDA. Otherwise CUDA, if any worker that is there has such a slot, also one
  // that cannot be used for now; else CPU.
  v1::Device Resolve(v1::Device wanted) const;

  // Takes `ranks` free slots of one build that are not reserved: of the worker with the least room that holds
  // them all, else of the fewest of the build with the most room. By rank; empty, and nothing taken, where
  // there are not so many.
  std::vector<RankSlot> TakeGang(v1::Device device, int ranks, absl::string_view holder, absl::Time since);

  // Reserves the slots that are expected to be free first, those whose holder started first going first: of
  // one worker if one is large enough, else of the fewest of one build. TakeGang passes them over until
  // Unreserve. It takes the place of the device's reservation; there is none, where all open workers of a
  // build together are too small.
  void Reserve(v1::Device device, int ranks, absl::string_view job_id);
  void Unreserve(v1::Device device);
  // As it was planned: workers may have gone since.
  const std::optional<Reservation>& reservation(v1::Device device) const;

 private:
  struct Slot {
    SlotView view;
    bool reserved = false;
    bool excluded = false;
    bool barred = false;

    bool usable() const { return view.usable && !excluded && !barred; }
  };
  struct Worker {
    std::string name;
    std::uint64_t incarnation = 0;
    Intake intake = Intake::kOpen;
    std::string build;
    std::vector<Slot> slots;                // by index
    std::array<SlotCounts, 2> counts = {};  // by device
  };
  using Room =
      std::pair<int, const std::string*>;  // free slots that are not reserved, of the worker so named
  struct LessRoom {
    bool operator()(const Room& a, const Room& b) const;
  };
  struct OfBuild {
    SlotCounts counts;
    std::set<Room, LessRoom> rooms;  // of workers with room only
  };
  using BuildMap = std::map<std::string, OfBuild>;
  struct Candidate;  // a worker as part of a reservation

  static std::size_t PlaceOf(v1::Device device) { return device == v1::DEVICE_CUDA ? 1 : 0; }
  static Slot* FindSlot(Worker& worker, int index);
  Slot* FindSlot(const v1::SlotRef& slot);
  void ForgetWishes(const Worker& worker);
  void SettleExclusions();
  void SetExcluded(const SlotKey& key, bool excluded);
  OfBuild* BestBuild(std::size_t device, int ranks);
  void Uncount(const Worker& worker);
  void Recount(Worker& worker);
  void TakeFrom(Worker& worker, std::size_t device, int ranks, absl::string_view holder, absl::Time since,
                std::vector<RankSlot>& gang);
  void ReserveFrom(const Candidate& candidate, int count, Reservation& reservation);
  std::vector<Candidate> Candidates(v1::Device device, const std::string& build);

  std::map<std::string, Worker, std::less<>> workers_;
  std::array<SlotCounts, 2> counts_ = {};  // by device
  std::array<BuildMap, 2> builds_ = {};    // by device
  std::set<SlotKey> wishes_, excluded_;    // to be excluded, and those that are
  std::vector<SlotKey> barred_;
  std::array<std::optional<Reservation>, 2> reservations_ = {};  // by device
};

}  // namespace simclr::coordinator
