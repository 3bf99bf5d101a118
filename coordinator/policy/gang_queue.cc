#include "coordinator/policy/gang_queue.h"

#include <iterator>
#include <utility>

namespace simclr::coordinator {

bool GoesBefore::operator()(const GangRequest& a, const GangRequest& b) const {
  if (a.priority != b.priority) return a.priority > b.priority;
  if (a.order != b.order) return a.order < b.order;
  return a.job_id < b.job_id;
}

void GangQueue::Put(GangRequest request) {
  Remove(request.job_id);
  const const_iterator place = requests_.insert(std::move(request)).first;
  by_job_.emplace(place->job_id, place);
}

void GangQueue::Remove(absl::string_view job_id) {
  const auto found = by_job_.find(job_id);
  if (found == by_job_.end()) return;
  requests_.erase(found->second);
  by_job_.erase(found);
}

const GangRequest* GangQueue::Find(absl::string_view job_id) const {
  const auto found = by_job_.find(job_id);
  return found == by_job_.end() ? nullptr : &*found->second;
}

int GangQueue::Position(absl::string_view job_id) const {
  const auto found = by_job_.find(job_id);
  if (found == by_job_.end()) return 0;
  return static_cast<int>(std::distance(requests_.begin(), found->second)) + 1;
}

}  // namespace simclr::coordinator
