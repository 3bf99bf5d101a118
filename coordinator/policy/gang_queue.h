#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// A job that may start now: queued, and not in a backoff.
struct GangRequest {
  std::string job_id;
  int ranks = 1;  // at least 1
  v1::Device device = v1::DEVICE_AUTO;
  int priority = 0;      // larger goes first
  absl::Time order;      // earlier goes first: its submission, later by as long as it was paused
  absl::Time queued_at;  // since when it waits for this attempt; that is what starvation counts from
  v1::Reason reason = v1::REASON_UNSPECIFIED;  // what is recorded of it as the reason why it waits
  std::vector<v1::SlotRef> avoid = {};  // where it failed; not taken, as long as others are enough for it
};

// Who is considered first: by priority, then by order, then by id.
struct GoesBefore {
  bool operator()(const GangRequest& a, const GangRequest& b) const;
};

// The requests in the order of GoesBefore. A request is new until a pass has looked at it, and again once it
// asks for something else. Thread-compatible.
class GangQueue {
 public:
  using const_iterator = std::set<GangRequest, GoesBefore>::const_iterator;

  GangQueue() = default;
  GangQueue(GangQueue&&) = default;  // no copies: the parts point at each other
  GangQueue& operator=(GangQueue&&) = default;

  // Adds the request, or replaces the one of the same job. Another recorded reason makes it no new one.
  void Put(GangRequest request);
  void Remove(absl::string_view job_id);

  const GangRequest* Find(absl::string_view job_id) const;  // null: none
  // 1 for the first; 0 for a job that is not here. O(position).
  int Position(absl::string_view job_id) const;

  std::size_t size() const { return requests_.size(); }
  const_iterator begin() const { return requests_.begin(); }
  const_iterator end() const { return requests_.end(); }
  // The first that goes after `request`, which need not be here.
  const_iterator After(const GangRequest& request) const { return requests_.upper_bound(request); }

  bool HasNew() const { return !new_.empty(); }
  // Of the new ones; end(): none.
  const_iterator FirstNew() const { return new_.empty() ? end() : *new_.begin(); }
  // It is here, and no longer new.
  void NoteLookedAt(const_iterator request) { new_.erase(request); }

 private:
  struct PlaceGoesBefore {
    bool operator()(const_iterator a, const_iterator b) const { return GoesBefore()(*a, *b); }
  };

  std::set<GangRequest, GoesBefore> requests_;
  std::set<const_iterator, PlaceGoesBefore> new_;
  std::map<std::string, const_iterator, std::less<>> by_job_;
};

}  // namespace simclr::coordinator
