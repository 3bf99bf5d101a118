#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/edge/message_refusal.h"

namespace simclr::agent {

// How many messages of the coordinator and of trainers were refused at the agent's doors. Thread-safe.
class RefusedMessages {
 public:
  // By type of message and word of RefusalReasons.
  using Counts = std::map<std::pair<std::string, std::string>, std::int64_t>;

  // `refused` is what the door said (RefusalReason knows why).
  void Count(const google::protobuf::Message& message, const absl::Status& refused) {
    absl::MutexLock lock(&mutex_);
    ++counts_[{message.GetDescriptor()->name(), RefusalReason(refused)}];
  }
  Counts counts() const {
    absl::MutexLock lock(&mutex_);
    return counts_;
  }

 private:
  mutable absl::Mutex mutex_;
  Counts counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::agent
