#pragma once

#include <limits>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/file_system.h"

namespace simclr {

// The real file system on a disk that can fill up (from then on, writing a file whose path contains
// `full_below` fails half-way) and that can stop to answer (whoever touches such a path waits). Thread-safe
// but for FillAfter.
class FaultyFileSystem : public FileSystem {
 public:
  // Nobody waits any more.
  ~FaultyFileSystem() override { Release(); }

  // The disk is full for such paths from the `n`-th write on (counted from 0).
  void FillAfter(int writes, const std::string& full_below) {
    writes_left_ = writes;
    full_below_ = full_below;
  }

  void Block(const std::string& blocked_below) {
    absl::MutexLock lock(&mutex_);
    blocked_below_ = blocked_below;
  }
  void Release() { Block(""); }
  // Whether somebody waits for an answer, or does within `limit`.
  bool AwaitBlocked(absl::Duration limit = absl::Seconds(10)) {
    absl::MutexLock lock(&mutex_);
    const auto somebody = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return waiting_ > 0; };
    return mutex_.AwaitWithTimeout(absl::Condition(&somebody), limit);
  }

  absl::StatusOr<std::string> Read(const std::string& path) const override {
    Pass(path);
    return real_.Read(path);
  }
  absl::Status Write(const std::string& path, absl::string_view bytes) override {
    Pass(path);
    if (!absl::StrContains(path, full_below_) || writes_left_-- > 0) return real_.Write(path, bytes);
    real_.Write(path, bytes.substr(0, bytes.size() / 2)).IgnoreError();
    return absl::ResourceExhaustedError(absl::StrCat("no space left for ", path));
  }
  absl::Status Append(const std::string& path, absl::string_view bytes) override {
    Pass(path);
    return real_.Append(path, bytes);
  }
  absl::Status SyncDirectory(const std::string& path) override {
    Pass(path);
    return real_.SyncDirectory(path);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    Pass(to);
    return real_.Rename(from, to);
  }
  absl::Status MakeDirectories(const std::string& path) override {
    Pass(path);
    return real_.MakeDirectories(path);
  }
  absl::Status RemoveAll(const std::string& path) override {
    Pass(path);
    return real_.RemoveAll(path);
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) const override {
    Pass(directory);
    return real_.List(directory);
  }
  bool Exists(const std::string& path) const override {
    Pass(path);
    return real_.Exists(path);
  }
  absl::StatusOr<std::int64_t> Size(const std::string& path) const override {
    Pass(path);
    return real_.Size(path);
  }

 private:
  void Pass(const std::string& path) const {
    absl::MutexLock lock(&mutex_);
    const auto free = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return blocked_below_.empty() || !absl::StrContains(path, blocked_below_);
    };
    if (free()) return;
    ++waiting_;
    mutex_.Await(absl::Condition(&free));
    --waiting_;
  }

  FileSystem& real_ = PosixFileSystem();
  int writes_left_ = std::numeric_limits<int>::max();
  std::string full_below_;
  mutable absl::Mutex mutex_;
  mutable int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string blocked_below_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr
