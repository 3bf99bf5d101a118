#include "coordinator/policy/waiting_message.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"

namespace simclr::coordinator {
namespace {

constexpr std::size_t kNames = 3;

// "a, b, c and 4 more"
std::string Names(absl::Span<const std::string> names) {
  const std::string some = absl::StrJoin(names.subspan(0, kNames), ", ");
  return names.size() <= kNames ? some : absl::StrCat(some, " and ", names.size() - kNames, " more");
}

std::string Slots(int count, v1::Device device) {
  return absl::StrCat(count, device == v1::DEVICE_CUDA ? " cuda" : " cpu", count == 1 ? " slot" : " slots");
}

std::vector<std::string> WorkersOf(const Reservation& reservation) {
  std::vector<std::string> workers;  // the slots of one stand together
  for (const RankSlot& slot : reservation.slots) {
    if (workers.empty() || workers.back() != slot.worker) workers.push_back(slot.worker);
  }
  return workers;
}

std::string Capacity(const SlotCounts& slots) {
  const int unusable = slots.present - slots.usable - slots.excluded;
  return absl::StrCat(slots.free, " free of ", slots.usable,
                      unusable == 0 ? "" : absl::StrCat("; ", unusable, " cannot be used now"));
}

std::string Reserved(const GangRequest& request, const WaitingView& view) {
  if (!view.reservation.has_value()) return "";
  if (view.reservation->job_id == request.job_id) {
    return absl::StrCat("; slots of ", Names(WorkersOf(*view.reservation)), " are kept for it");
  }
  if (view.slots.kept == 0 || request.ranks <= view.slots.free - view.slots.kept) return "";
  return absl::StrCat("; ", view.slots.kept, " of them kept for ", view.reservation->job_id,
                      ", which waits for longer");
}

std::string Excluded(const GangRequest& request, const WaitingView& view) {
  if (request.reason != v1::REASON_NODES_EXCLUDED) return "";
  std::vector<std::string> avoided;
  for (const v1::SlotRef& slot : request.avoid) {
    avoided.push_back(absl::StrCat(slot.worker(), "/", slot.slot()));
  }
  return absl::StrCat(
      view.excluded.empty() ? "" : absl::StrCat("; excluded after failures: ", Names(view.excluded)),
      avoided.empty() ? "" : absl::StrCat("; this job failed on ", Names(avoided)));
}

std::string Builds(const GangRequest& request, const WaitingView& view) {
  if (request.reason != v1::REASON_VERSIONS_DIFFER) return "";
  std::vector<std::string> builds;
  for (const auto& [build, worker] : view.builds) {
    builds.push_back(absl::StrCat(worker, " has ", build.empty() ? "an unknown one" : build));
  }
  return absl::StrCat("; its ranks must be of one build: ", Names(builds));
}

std::string Absent(const char* what, const std::vector<std::string>& workers) {
  return workers.empty() ? "" : absl::StrCat("; ", what, ": ", Names(workers));
}

}  // namespace

std::string WaitingMessage(const GangRequest& request, const WaitingView& view) {
  return absl::StrCat("needs ", Slots(request.ranks, view.device), ", ", Capacity(view.slots),
                      Reserved(request, view), Excluded(request, view), Builds(request, view),
                      Absent("lost", view.lost), Absent("left", view.left),
                      view.position == 0 ? "" : absl::StrCat("; position ", view.position, " in the queue"));
}

}  // namespace simclr::coordinator
