#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace simclr {

// A disk below SQLite that is slow, fails or loses power: a VFS over the default one, installed for the whole
// process. A write is durable once its file was synced. When the power goes, each write since then is lost,
// kept or torn (its beginning is kept, in sectors), as a seed decides, and everything fails until the power
// is back. Thread-safe.
class SqliteVfsShim {
 public:
  enum class Failure { kFull, kIoError };

  // The one of this process; installed by the first call, before SQLite opens a database.
  static SqliteVfsShim& Get();
  // Sets what the variable SIMCLR_SQLITE_FAULTS of the environment says: words among "sync-delay=50ms",
  // "full-after=N", "io-error-after=N", "cut-after=N", "seed=N". A process that loses power that way ends as
  // if by kill -9. A program calls it that is made for such a test.
  static void InstallFromEnvironment();

  void SetSyncDelay(absl::Duration delay);
  // The `operations`-th write or sync from now on (counted from 0) fails, and all later ones, until Heal.
  void FailAfter(int operations, Failure failure);
  // The same operation never comes to its end: the power goes.
  void CutAfter(int operations, std::uint64_t seed);
  // No fault is to come. After a cut: the power is back, and files hold what survived. No database is open
  // then.
  void Heal();

  bool cut() const;

  // For the VFS alone. Each returns a result code of SQLite; 0: go on.
  int BeforeWrite(const std::string& path, std::int64_t offset, absl::string_view bytes);
  int BeforeTruncate(const std::string& path, std::int64_t size);
  int BeforeSync(const std::string& path);
  int AfterSync(const std::string& path);
  void AfterDelete(const std::string& path);

 private:
  struct Write {
    std::int64_t offset = 0;
    std::string bytes;
    bool truncates = false;  // to `offset`
  };
  struct File {
    std::string durable;
    std::vector<Write> since;
  };

  SqliteVfsShim() = default;
  int Count(int failure_code) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  File& FileOf(const std::string& path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string Surviving(const File& file) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LoseWrites() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  absl::Duration sync_delay_ ABSL_GUARDED_BY(mutex_) = absl::ZeroDuration();
  std::int64_t operations_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t fail_at_ ABSL_GUARDED_BY(mutex_) = -1;  // -1: never
  std::int64_t cut_at_ ABSL_GUARDED_BY(mutex_) = -1;
  Failure failure_ ABSL_GUARDED_BY(mutex_) = Failure::kFull;
  bool cut_ ABSL_GUARDED_BY(mutex_) = false;
  bool dies_ ABSL_GUARDED_BY(mutex_) = false;
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, File> files_ ABSL_GUARDED_BY(mutex_);  // that have writes since their last sync
};

}  // namespace simclr
