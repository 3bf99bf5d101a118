#pragma once

#include <string>

#include "absl/time/time.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// Hears what the coordinator does, for metrics and for files that are written at a job's end. Called under
// the coordinator's lock: it must return at once and not call back.
class CoordinatorObserver {
 public:
  virtual ~CoordinatorObserver() = default;

  virtual void OnEvent(const v1::Event& event) {}    // durable and applied
  virtual void OnCommit(absl::Duration duration) {}  // of the journal
  virtual void OnCommitFailed(const absl::Status& status) {}
  virtual void OnStaleRefused(const std::string& operation) {
  }  // exit, checkpoint or metrics of an old attempt
};

}  // namespace simclr::coordinator
