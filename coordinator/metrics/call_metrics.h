#pragma once

#include <prometheus/registry.h>

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/rpc/call_observer.h"
#include "coordinator/metrics/families.h"

namespace simclr::coordinator {

// The names that other gRPC servers use, so that dashboards for them fit. Thread-safe.
class CallMetrics : public RpcCallObserver {
 public:
  // All methods of the coordinator's services are there as 0.
  explicit CallMetrics(prometheus::Registry& registry);

  void OnStarted(const RpcCall& call) override;
  void OnEnded(const RpcCall& call, absl::StatusCode code, absl::Duration duration) override;
  void OnUnreadable(const RpcCall& call, const std::string& worker) override;
  // `denial` as in DenialReason; empty: allowed.
  void OnAuthorized(absl::string_view denial);

  // A message of this type was refused at the door; `reason` is a word of RefusalReasons.
  void OnRefused(const std::string& type, const std::string& reason);
  // One of this type could not even be read. `worker` as in Peer: certificates bound how many there are.
  void OnUnreadable(const std::string& type, const std::string& worker);

  int open_server_streams() const { return open_server_streams_; }

 private:
  Counters started_;
  Counters handled_;
  Histograms handling_;
  Counters authorized_;
  Counters refused_;
  Counters unreadable_;
  std::atomic<int> open_server_streams_{0};
};

}  // namespace simclr::coordinator
