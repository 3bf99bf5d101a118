#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "worker/agent/base/coordinator_client.h"

namespace simclr::agent {

// Answers every call with `status` and keeps what was accepted. Thread-safe.
class FakeCoordinatorClient : public CoordinatorClient {
 public:
  void StartSession(Callbacks callbacks) override {
    absl::MutexLock lock(&mutex_);
    session_started_ = true;
  }
  void StopSession() override {}

  void SendObserved(const v1::Observed& observed) override {
    absl::MutexLock lock(&mutex_);
    observed_.push_back(observed);
  }
  void SendLogPiece(v1::LogPiece piece) override {
    absl::MutexLock lock(&mutex_);
    pieces_.push_back(std::move(piece));
  }
  absl::Status ReportExit(const v1::ReportExitRequest& request) override {
    return Take([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { exits_.push_back(request); }, "exit");
  }
  absl::Status CommitCheckpoint(const v1::CommitCheckpointRequest& request) override {
    return Take([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { commits_.push_back(request); }, "commit");
  }
  absl::Status PushMetrics(const v1::PushMetricsRequest& request) override {
    return Take([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { metrics_.push_back(request); }, "metrics");
  }
  absl::Status LogArchived(const v1::LogArchivedRequest& request) override {
    return Take([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { archived_.push_back(request); }, "archived");
  }

  void AnswerWith(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    status_ = std::move(status);
  }
  // Of calls of one kind: "exit", "commit", "metrics" or "archived". OK takes them again.
  void Answer(const std::string& kind, absl::Status status) {
    absl::MutexLock lock(&mutex_);
    answers_[kind] = std::move(status);
  }
  // Unary calls, refused ones included.
  int calls() const { return Copy(calls_); }

  std::vector<v1::Observed> observed() const { return Copy(observed_); }
  std::vector<v1::ReportExitRequest> exits() const { return Copy(exits_); }
  std::vector<v1::CommitCheckpointRequest> commits() const { return Copy(commits_); }
  std::vector<v1::PushMetricsRequest> metrics() const { return Copy(metrics_); }
  std::vector<std::string> taken() const { return Copy(taken_); }  // kinds of the accepted calls, in order
  std::vector<v1::LogArchivedRequest> archived() const { return Copy(archived_); }
  bool session_started() const { return Copy(session_started_); }
  std::vector<v1::LogPiece> pieces() const { return Copy(pieces_); }

 private:
  absl::Status Take(const std::function<void()>& keep, const char* kind) {
    absl::MutexLock lock(&mutex_);
    ++calls_;
    if (!status_.ok()) return status_;
    if (const auto answer = answers_.find(kind); answer != answers_.end() && !answer->second.ok()) {
      return answer->second;
    }
    keep();
    taken_.push_back(kind);
    return absl::OkStatus();
  }
  template <typename Value>
  Value Copy(const Value& value) const {
    absl::MutexLock lock(&mutex_);
    return value;
  }

  mutable absl::Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, absl::Status> answers_ ABSL_GUARDED_BY(mutex_);
  // The rest under mutex_ as well; references are taken before it is locked.
  int calls_ = 0;
  bool session_started_ = false;
  std::vector<v1::Observed> observed_;
  std::vector<v1::LogArchivedRequest> archived_;
  std::vector<v1::ReportExitRequest> exits_;
  std::vector<v1::CommitCheckpointRequest> commits_;
  std::vector<v1::PushMetricsRequest> metrics_;
  std::vector<std::string> taken_;
  std::vector<v1::LogPiece> pieces_;
};

}  // namespace simclr::agent
