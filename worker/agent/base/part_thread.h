#pragma once

#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "worker/agent/base/part.h"

namespace simclr::agent {

// Runs a part on a thread of its own until Stop: when it is woken, and when it asked to be called again.
// Thread-safe.
class PartThread {
 public:
  // `part` and `clock` outlive it. Of `name` the kernel shows 15 characters.
  PartThread(const std::string& name, Part& part, const Clock& clock);
  // Waits for a run that is under way, however long it takes.
  ~PartThread();

  // Begins no further run. False: the one under way has not come to its end within `limit`, because a disk, a
  // driver or the network does not answer.
  bool Stop(absl::Duration limit);

 private:
  void Loop();

  Part& part_;
  const Clock& clock_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace simclr::agent
