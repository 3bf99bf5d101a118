#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include "common/base/bounded_queue.h"

namespace simclr::agent {

// Far more than can wait while the thread that empties it comes round.
inline constexpr std::size_t kMaxMail = 100'000;

// Work that any thread hands to one thread. Thread-safe.
class Mailbox {
 public:
  // False (and `work` dropped): too much waits.
  bool Post(std::function<void()> work) { return work_.TryPush(std::move(work)); }

  // Does all that is there now, in order.
  void Drain() {
    for (std::size_t left = work_.size(); left > 0; --left) (*work_.TryPop())();
  }

 private:
  BoundedQueue<std::function<void()>> work_{kMaxMail};
};

}  // namespace simclr::agent
