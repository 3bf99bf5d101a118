#include "coordinator/policy/gang_queue.h"

#include <iterator>
#include <tuple>
#include <utility>

namespace simclr::coordinator {
namespace {

bool AsksForTheSame(const GangRequest& a, const GangRequest& b) {
  return std::tie(a.ranks, a.device, a.priority, a.order, a.queued_at) ==
         std::tie(b.ranks, b.device, b.priority, b.order, b.queued_at);
}

}  // namespace

bool GoesBefore::operator()(const GangRequest& a, const GangRequest& b) const {
  if (a.priority != b.priority) return a.priority > b.priority;
  if (a.order != b.order) return a.order < b.order;
  return a.job_id < b.job_id;
}

void GangQueue::Put(GangRequest request) {
  const auto known = by_job_.find(request.job_id);
  const bool looked_at =
      known != by_job_.end() && !new_.contains(known->second) && AsksForTheSame(*known->second, request);
  Remove(request.job_id);
  const const_iterator place = requests_.insert(std::move(request)).first;
  by_job_.emplace(place->job_id, place);
  if (!looked_at) new_.insert(place);
}

void GangQueue::Remove(absl::string_view job_id) {
  const auto found = by_job_.find(job_id);
  if (found == by_job_.end()) return;
  new_.erase(found->second);
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
