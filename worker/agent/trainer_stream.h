#pragma once

#include <grpcpp/support/server_callback.h>

#include <deque>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "simclr/v1/trainer_service.pb.h"
#include "worker/agent/rank_key.h"

namespace simclr::agent {

class TrainerService;

// One trainer's Attach call: reads one report after the other, writes orders in turn, ends when the trainer
// does. Owned by the call: deletes itself when that is over.
class TrainerStream : public grpc::ServerBidiReactor<v1::TrainerReport, v1::TrainerOrder> {
 public:
  explicit TrainerStream(TrainerService& service);

  void Send(const v1::TrainerOrder& order);

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone() override;

  // The first report must say who it is; false: the call is being refused.
  bool Accept(const v1::TrainerReport& report);
  void End(const grpc::Status& status);

  TrainerService& service_;
  v1::TrainerReport incoming_;  // belongs to the read in flight
  std::optional<RankKey> key_;  // of the reads, which come one at a time

  absl::Mutex mutex_;
  std::deque<v1::TrainerOrder> orders_ ABSL_GUARDED_BY(mutex_);  // the first one is being written
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace simclr::agent
