#include "coordinator/store/wal_checkpointer.h"

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"

namespace simclr::coordinator {
namespace {

// While it waits for readers to get out of the way, the writer waits, too.
constexpr absl::Duration kWaitForReaders = absl::Milliseconds(50);

}  // namespace

absl::StatusOr<std::unique_ptr<WalCheckpointer>> WalCheckpointer::Start(
    const std::string& database_path, const WalCheckpointerOptions& options) {
  SqliteOptions sqlite;
  sqlite.auto_checkpoint = false;
  sqlite.busy_timeout = kWaitForReaders;
  SIMCLR_ASSIGN_OR_RETURN(SqliteDb db, SqliteDb::Open(database_path, sqlite));
  return std::unique_ptr<WalCheckpointer>(
      new WalCheckpointer(absl::StrCat(database_path, "-wal"), std::move(db), options));
}

WalCheckpointer::WalCheckpointer(std::string log_path, SqliteDb db, const WalCheckpointerOptions& options)
    : log_path_(std::move(log_path)), options_(options), db_(std::move(db)) {
  task_.emplace("checkpoint", options_.interval, [this] { Run(); });
}

void WalCheckpointer::Run() {
  const absl::Status moved = MoveLog();
  const bool failed = !moved.ok() && !absl::IsUnavailable(moved);
  if (failed && !warned_) LogWarning("the write-ahead log cannot be moved", {{"error", moved.ToString()}});
  warned_ = failed;
}

absl::Status WalCheckpointer::MoveLog() {
  const absl::StatusOr<std::int64_t> size = PosixFileSystem().Size(log_path_);
  if (!size.ok() || *size <= options_.move_above) return absl::OkStatus();
  SIMCLR_RETURN_IF_ERROR(db_.MoveLog(SqliteDb::Checkpoint::kPassive));
  // Most of it has just been moved, so the writer waits for little.
  return *size > options_.truncate_above ? db_.MoveLog(SqliteDb::Checkpoint::kTruncate) : absl::OkStatus();
}

}  // namespace simclr::coordinator
