#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <deque>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "simclr/v1/trainer_service.pb.h"
#include "worker/agent/base/rank_key.h"

namespace simclr::agent {

class TrainerService;

// One trainer's Attach call: reads one report after the other, writes orders in turn, ends when the trainer
// does. Messages are taken apart here rather than by gRPC, which would end the stream at the first report
// that it cannot read: a report that cannot be read, or is refused by the checks of the edge, is left out and
// said, counts as a sign of life, and those after it count. Owned by the call:
// deletes itself when that is over.
class TrainerStream : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit TrainerStream(TrainerService& service);

  void Send(const v1::TrainerOrder& order);

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone() override;

  // The door: a status tells why the report does not come in.
  absl::Status Parse(grpc::ByteBuffer& bytes, v1::TrainerReport& report) const;
  // The first report must say who it is; false: the call is being refused.
  bool Accept(const v1::TrainerReport& report, const absl::Status& admitted);
  void WriteFirst() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(const grpc::Status& status);

  TrainerService& service_;
  grpc::ByteBuffer incoming_;   // belongs to the read in flight
  std::optional<RankKey> key_;  // of the reads, which come one at a time

  absl::Mutex mutex_;
  std::deque<v1::TrainerOrder> orders_ ABSL_GUARDED_BY(mutex_);  // the first one is being written
  grpc::ByteBuffer outgoing_ ABSL_GUARDED_BY(mutex_);            // its bytes
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace simclr::agent
