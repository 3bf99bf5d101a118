#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::coordinator {

// Asks agents for pieces of logs, which stay on their disks: a reader that is slow asks later, and nothing is
// kept for him. Thread-safe.
class LogRequests {
 public:
  // Hands a request to one agent, without blocking.
  using Send = std::function<void(const v1::LogWanted&)>;
  static constexpr int kMaxQuestions = 200;  // to one agent at a time

  // From now on that is how the agent of `worker` is asked; what was asked of an earlier connection fails.
  // Returns the number of the connection.
  std::int64_t Connect(const std::string& worker, Send send);
  // Nothing, where another connection took its place.
  void Disconnect(const std::string& worker, std::int64_t connection);
  // What an agent answers. A piece that nobody waits for any more is dropped.
  void Answer(std::int64_t connection, v1::LogPiece piece);

  // One piece of a log of `worker`; `wanted` without id. NOT_FOUND: its agent has no such log. UNAVAILABLE:
  // it is not connected, went meanwhile, is asked by too many, or gave no answer within `limit`.
  absl::StatusOr<v1::LogPiece> Ask(const std::string& worker, v1::LogWanted wanted, absl::Duration limit);

 private:
  struct Connection {
    std::int64_t number = 0;
    Send send;
    int questions = 0;  // that are open
  };
  struct Question {
    std::int64_t connection = 0;
    bool over = false;
    std::optional<v1::LogPiece> piece;  // none where the connection ended
  };

  // Registers the question and says how to send it.
  absl::StatusOr<Send> Begin(const std::string& worker, v1::LogWanted& wanted);
  void Fail(std::int64_t connection) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  std::int64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, Connection> connections_ ABSL_GUARDED_BY(mutex_);  // by worker
  std::map<std::int64_t, Question> questions_ ABSL_GUARDED_BY(mutex_);     // by id
};

}  // namespace simclr::coordinator
