#include "coordinator/core/archived_logs.h"

namespace simclr::coordinator {

void ArchivedLogs::Note(const v1::LogArchivedRequest& request) {
  const Key key{request.job_id(), request.attempt(), request.nonce(), request.rank()};
  absl::MutexLock lock(&mutex_);
  if (!logs_.insert_or_assign(key, Log{request.base_offset(), request.bytes()}).second) return;
  order_.push_back(key);
  if (order_.size() <= capacity_) return;
  logs_.erase(order_.front());
  order_.pop_front();
}

std::optional<ArchivedLogs::Log> ArchivedLogs::Find(const Key& key) const {
  absl::MutexLock lock(&mutex_);
  const auto found = logs_.find(key);
  return found == logs_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace simclr::coordinator
