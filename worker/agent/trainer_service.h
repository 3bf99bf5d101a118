#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/rpc/server.h"
#include "simclr/v1/trainer_service.grpc.pb.h"
#include "worker/agent/base/rank_key.h"
#include "worker/agent/base/refused_messages.h"
#include "worker/agent/base/trainer_handle.h"

namespace simclr::agent {

class TrainerStream;

// The streams of the trainers that live here: reports go to the callbacks, orders to the stream that said
// hello as that rank. Thread-safe.
class TrainerService : public v1::TrainerService::WithRawCallbackMethod_Attach<v1::TrainerService::Service>,
                       public TrainerLink {
 public:
  // Called on gRPC threads, in order for one trainer; must not block.
  struct Callbacks {
    std::function<void(const RankKey&, const v1::TrainerReport&)> on_report;
    std::function<void(const RankKey&)> on_detached;
  };

  // `refused` outlives the service.
  TrainerService(Callbacks callbacks, RefusedMessages& refused)
      : callbacks_(std::move(callbacks)), refused_(refused) {}

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Attach(
      grpc::CallbackServerContext* context) override;
  void Send(const RankKey& key, const v1::TrainerOrder& order) override;

 private:
  friend class TrainerStream;

  // The newest stream of a rank is the one that counts.
  void Register(const RankKey& key, TrainerStream* stream);
  void Unregister(const RankKey& key, TrainerStream* stream);

  const Callbacks callbacks_;
  RefusedMessages& refused_;
  absl::Mutex mutex_;
  std::map<RankKey, TrainerStream*> streams_ ABSL_GUARDED_BY(mutex_);  // each owned by its call
};

// A private directory (mode 0700) with a path short enough for a Unix socket (108 bytes), under
// `runtime_directory`, else $XDG_RUNTIME_DIR, else /tmp. Removed with the object.
class SocketDirectory {
 public:
  static absl::StatusOr<std::unique_ptr<SocketDirectory>> Create(std::string runtime_directory = "");
  ~SocketDirectory();

  std::string socket() const { return path_ + "/agent.sock"; }

 private:
  explicit SocketDirectory(std::string path) : path_(std::move(path)) {}

  const std::string path_;
};

}  // namespace simclr::agent
