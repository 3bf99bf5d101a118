#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "bench/control_plane/agent_identity.h"
#include "bench/control_plane/samples.h"
#include "simclr/v1/worker_service.grpc.pb.h"

namespace simclr::bench {

// An agent whose trainers are numbers: it speaks the session as a real one does, says of each rank it is told
// to run that it trains, and one step more at each heartbeat. Thread-safe.
class SimulatedAgent : private grpc::ClientBidiReactor<v1::Observed, v1::Desired> {
 public:
  SimulatedAgent(AgentIdentity identity, int slots, std::shared_ptr<grpc::Channel> channel);
  ~SimulatedAgent() override;  // ends the session and waits for its end

  // Sends the whole state; while an earlier one is on its way, nothing.
  void Beat();

  // OK while the session lives, else its end.
  absl::Status session() const;
  // From a heartbeat that is to be answered to the first answer after it; forgets what it returns.
  Samples TakeRoundTrips();

  int ranks() const;      // that run here
  bool answered() const;  // the coordinator has taken this agent
  // A rank that runs here ends with success: reported, and gone from the next heartbeat, which is sent at
  // once.
  absl::Status EndOneRank();
  // Until more than `before` ranks have been started here since the beginning.
  bool AwaitStarted(std::int64_t before, absl::Duration limit) const;
  std::int64_t started() const;

 private:
  using RankKey = std::tuple<std::string, int, int>;  // job, attempt, rank
  struct Rank {
    v1::DesiredRank desired;
    std::int64_t step = 0;
  };
  static RankKey KeyOf(const v1::DesiredRank& rank) { return {rank.job_id(), rank.attempt(), rank.rank()}; }

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  // Whether the set of ranks is another than before.
  bool Take(const v1::Desired& desired) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::Observed State() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Send() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int slots_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::WorkerService::Stub> stub_;
  grpc::ClientContext context_;
  v1::Desired incoming_;   // of the read that is under way
  v1::Observed outgoing_;  // of the write that is under way

  mutable absl::Mutex mutex_;
  AgentIdentity identity_ ABSL_GUARDED_BY(mutex_);
  std::map<RankKey, Rank> ranks_ ABSL_GUARDED_BY(mutex_);
  std::set<RankKey> ended_ ABSL_GUARDED_BY(mutex_);  // not started again while the coordinator catches up
  std::int64_t started_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool send_again_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;  // no write may start any more
  bool answered_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Duration heard_at_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  std::optional<absl::Duration> sent_at_ ABSL_GUARDED_BY(mutex_);  // of a heartbeat that is to be answered
  Samples round_trips_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::bench
