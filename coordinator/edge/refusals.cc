#include "coordinator/edge/refusals.h"

namespace simclr::coordinator {

bool Refusals::OnRefused(absl::string_view worker, absl::string_view text, absl::Duration now) {
  const auto [entry, first] = refused_.try_emplace(std::string(worker), Record{"", now, now});
  entry->second.text = std::string(text);
  if (!first && now - entry->second.warned < limits_.warning) return false;
  entry->second.warned = now;
  return true;
}

void Refusals::OnAccepted(absl::string_view worker) {
  if (const auto found = refused_.find(worker); found != refused_.end()) refused_.erase(found);
}

const Refusals::Record* Refusals::Find(absl::string_view worker) const {
  const auto found = refused_.find(worker);
  return found == refused_.end() ? nullptr : &found->second;
}

std::optional<std::string> Refusals::LastText(absl::string_view worker) const {
  const Record* const record = Find(worker);
  return record == nullptr ? std::nullopt : std::optional(record->text);
}

std::optional<absl::Duration> Refusals::Since(absl::string_view worker) const {
  const Record* const record = Find(worker);
  return record == nullptr ? std::nullopt : std::optional(record->since);
}

bool Refusals::RefusedFor(absl::string_view worker, absl::Duration now, absl::Duration limit) const {
  const Record* const record = Find(worker);
  return record != nullptr && now - record->since >= limit;
}

bool Refusals::MayTakeWork(absl::string_view worker, absl::Duration now) const {
  return !RefusedFor(worker, now, limits_.no_new_work);
}

bool Refusals::IsLost(absl::string_view worker, absl::Duration now, absl::Duration orphan_limit) const {
  return RefusedFor(worker, now, orphan_limit);
}

}  // namespace simclr::coordinator
