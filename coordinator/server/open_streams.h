#pragma once

#include <memory>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/server/service_context.h"

namespace simclr::coordinator {

// The open streams of one kind, which are reactors; a stream belongs to this set, until it calls Remove, and
// to whoever is calling it. `Stream` has Start() and Close(status). Thread-safe.
template <typename Stream>
class OpenStreams {
 public:
  // Starts `stream`, or ends it where its caller may not open it. For gRPC.
  Stream* Add(std::shared_ptr<Stream> stream, const absl::Status& allowed) {
    {
      absl::MutexLock lock(&mutex_);
      streams_.insert(stream);
    }
    if (allowed.ok())
      stream->Start();
    else
      stream->Close(allowed);
    return stream.get();
  }

  void Remove(Stream* stream) {
    std::shared_ptr<Stream> last;  // freed after the lock is
    absl::MutexLock lock(&mutex_);
    for (auto it = streams_.begin(); it != streams_.end(); ++it) {
      if (it->get() != stream) continue;
      last = *it;
      streams_.erase(it);
      return;
    }
  }

  std::set<std::shared_ptr<Stream>> Copy() {
    absl::MutexLock lock(&mutex_);
    return streams_;
  }

  void CloseAll(const absl::Status& status) {
    for (const auto& stream : Copy()) stream->Close(status);
  }

 private:
  absl::Mutex mutex_;
  std::set<std::shared_ptr<Stream>> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::coordinator
