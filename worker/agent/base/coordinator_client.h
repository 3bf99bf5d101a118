#pragma once

#include <functional>

#include "absl/status/status.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::agent {

// The agent's way to the coordinator. The session is kept up by itself: a lost one is opened again with
// backoff, and the newest Observed is sent first. An Observed gets the next sequence each time that it is
// handed to a session, so that one that is repeated there is not taken for an older one. Thread-safe.
class CoordinatorClient {
 public:
  struct Callbacks {
    // Called on a thread of the client, one at a time; must not block.
    std::function<void(const v1::Desired&)> on_desired;
    std::function<void(bool connected)> on_connection;
    // The coordinator ended the session with a SessionRefusal (common/base/session_refusal.h). After
    // kReplaced no other is opened.
    std::function<void(const absl::Status& refusal)> on_refused;
    // Somebody reads a log; SendLogPiece answers.
    std::function<void(const v1::LogWanted&)> on_log_wanted;
  };

  virtual ~CoordinatorClient() = default;

  virtual void StartSession(Callbacks callbacks) = 0;
  // No callback runs after it returned.
  virtual void StopSession() = 0;

  // Replaces what was not sent yet: only the newest state counts.
  virtual void SendObserved(const v1::Observed& observed) = 0;

  // Where the stream that brought the question is gone, nobody waits for the answer.
  virtual void SendLogPiece(v1::LogPiece piece) = 0;

  // Unary calls with one try and a short deadline. FAILED_PRECONDITION: stale, never to be sent again.
  virtual absl::Status ReportExit(const v1::ReportExitRequest& request) = 0;
  virtual absl::Status CommitCheckpoint(const v1::CommitCheckpointRequest& request) = 0;
  virtual absl::Status PushMetrics(const v1::PushMetricsRequest& request) = 0;
  virtual absl::Status LogArchived(const v1::LogArchivedRequest& request) = 0;
};

}  // namespace simclr::agent
