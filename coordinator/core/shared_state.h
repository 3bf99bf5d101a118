#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/state/cluster_state.h"

namespace simclr::coordinator {

// The durable state, which one thread changes and all read. The lock is held to copy or to swap pointers,
// never across I/O.
struct SharedState {
  mutable absl::Mutex mutex;
  ClusterState state ABSL_GUARDED_BY(mutex);
};

}  // namespace simclr::coordinator
