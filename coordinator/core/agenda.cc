#include "coordinator/core/agenda.h"

namespace simclr::coordinator {

void Agenda::Add(const Item& item) {
  absl::MutexLock lock(&mutex_);
  next_.insert(item);
}

void Agenda::AddAt(const Item& item, absl::Duration when) {
  absl::MutexLock lock(&mutex_);
  const auto [known, added] = due_.try_emplace(item, when);
  if (!added) {
    by_time_.erase({known->second, item});
    known->second = when;
  }
  by_time_.insert({when, item});
}

void Agenda::Gather(absl::Duration now) {
  absl::MutexLock lock(&mutex_);
  while (!by_time_.empty() && by_time_.begin()->first <= now) {
    const Item item = by_time_.begin()->second;
    by_time_.erase(by_time_.begin());
    due_.erase(item);
    next_.insert(item);
  }
}

std::optional<std::string> Agenda::Next(Kind kind) {
  absl::MutexLock lock(&mutex_);
  const auto first = next_.lower_bound({kind, ""});
  if (first == next_.end() || first->first != kind) return std::nullopt;
  return next_.extract(first).value().second;
}

bool Agenda::HasNext() const {
  absl::MutexLock lock(&mutex_);
  return !next_.empty();
}

std::optional<absl::Duration> Agenda::NextDue() const {
  absl::MutexLock lock(&mutex_);
  if (by_time_.empty()) return std::nullopt;
  return by_time_.begin()->first;
}

}  // namespace simclr::coordinator
