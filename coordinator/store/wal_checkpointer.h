#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/periodic_task.h"
#include "coordinator/store/sqlite_db.h"

namespace simclr::coordinator {

struct WalCheckpointerOptions {
  std::int64_t move_above = 4 << 20;  // bytes of the log that are moved without making the writer wait
  std::int64_t truncate_above =
      64 << 20;  // bytes at which the writer may wait a moment, so that the log ends
  absl::Duration interval = absl::Seconds(1);
};

// Moves the write-ahead log of a database into its file, on a thread and a connection of its own, so that the
// writer never does it within a commit. Thread-safe.
class WalCheckpointer {
 public:
  static absl::StatusOr<std::unique_ptr<WalCheckpointer>> Start(const std::string& database_path,
                                                                const WalCheckpointerOptions& options = {});

 private:
  WalCheckpointer(std::string log_path, SqliteDb db, const WalCheckpointerOptions& options);
  void Run();
  absl::Status MoveLog();

  const std::string log_path_;
  const WalCheckpointerOptions options_;
  SqliteDb db_;          // of the thread alone
  bool warned_ = false;  // of the thread alone
  std::optional<PeriodicTask> task_;
};

}  // namespace simclr::coordinator
