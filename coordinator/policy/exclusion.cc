#include "coordinator/policy/exclusion.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/job/enum_word.h"
#include "common/job/proto_time.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

bool MayBeTheSlots(v1::FailureClass failure) {
  return failure == v1::FAILURE_CLASS_HARDWARE || failure == v1::FAILURE_CLASS_HANG;
}

absl::Duration NextSpan(const ExclusionOptions& options, const v1::SlotHealth& health, absl::Duration now) {
  const bool long_ago = now - FromProto(health.excluded_until()) >= options.longest;
  if (!health.has_span() || long_ago) return options.first;
  return std::min(2 * FromProto(health.span()), options.longest);
}

}  // namespace

Blame BlameFor(v1::FailureClass failure, const v1::SlotRef* slot, const v1::JobRecord& record) {
  if (slot == nullptr || !MayBeTheSlots(failure)) return Blame::kNobody;
  for (const v1::AvoidedSlot& avoided : record.avoided()) {
    if (avoided.failure() == failure && !IsSameSlot(avoided.slot(), *slot)) return Blame::kJob;
  }
  return Blame::kSlot;
}

std::optional<Exclusion> DecideExclusion(const ExclusionOptions& options, const v1::SlotHealth& health,
                                         absl::Duration now) {
  if (FromProto(health.excluded_until()) > now) return std::nullopt;
  std::map<std::string, std::string> failed;  // by job
  for (const v1::SlotFailure& failure : health.failures()) {
    if (now - FromProto(failure.at()) > options.window) continue;
    failed[failure.job_id()] = absl::StrCat(failure.job_id(), " (", EnumPhrase(failure.failure()), ")");
  }
  if (failed.size() < 2) return std::nullopt;
  const auto text = [](std::string* out, const auto& job) { absl::StrAppend(out, job.second); };
  return Exclusion{NextSpan(options, health, now),
                   absl::StrCat("jobs failed there within ", absl::FormatDuration(options.window), ": ",
                                absl::StrJoin(failed, ", ", text))};
}

std::set<SlotKey> ChooseExcluded(std::vector<ExclusionWish> wishes,
                                 const std::map<v1::Device, DeviceSlots>& slots) {
  std::sort(wishes.begin(), wishes.end(), [](const ExclusionWish& a, const ExclusionWish& b) {
    return std::tie(b.until, a.slot) < std::tie(a.until, b.slot);
  });
  std::map<v1::Device, int> left;
  for (const auto& [device, count] : slots) {
    left[device] = std::min(std::max(1, count.present / kOneInSoMany), count.sound - 1);
  }
  std::set<SlotKey> chosen;
  for (const ExclusionWish& wish : wishes) {
    if (left[wish.device]-- > 0) chosen.insert(wish.slot);
  }
  return chosen;
}

}  // namespace simclr::coordinator
