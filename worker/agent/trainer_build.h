#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/periodic_task.h"

namespace simclr::agent {

// The line that `PROGRAM --build` prints, which begins with "simclr "; its output goes through `scratch`, a
// file. DEADLINE_EXCEEDED after `limit`, INTERNAL where it prints none. Blocks.
absl::StatusOr<std::string> AskBuild(const std::string& program, const std::string& scratch,
                                     absl::Duration limit);

// Knows the build of the trainer program, from a thread of its own: asked at the start, when the file changes
// (a package swaps it underneath), and now and then while it gives no answer. Thread-safe.
class TrainerBuild {
 public:
  struct Options {
    absl::Duration look = absl::Seconds(2);    // between two looks at the file
    absl::Duration again = absl::Minutes(1);   // without an answer
    absl::Duration limit = absl::Seconds(10);  // for one
  };

  TrainerBuild(std::string program, std::string scratch, const Options& options);

  // Empty: the program did not say.
  std::string current() const;
  // Whether it was asked, and has answered or not.
  bool asked() const;

 private:
  // What tells one file of a path from another.
  struct FileVersion {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t changed = 0;  // nanoseconds

    bool operator==(const FileVersion&) const = default;
  };

  static FileVersion VersionOf(const std::string& path);
  void Look();
  void Ask();

  const std::string program_;
  const std::string scratch_;
  const Options options_;

  // Of the thread.
  std::optional<FileVersion> seen_;
  absl::Duration asked_at_;

  mutable absl::Mutex mutex_;
  std::string current_ ABSL_GUARDED_BY(mutex_);
  bool asked_ ABSL_GUARDED_BY(mutex_) = false;
  PeriodicTask task_;
};

}  // namespace simclr::agent
