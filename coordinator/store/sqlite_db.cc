#include "coordinator/store/sqlite_db.h"

#include <sqlite3.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace simclr::coordinator {
namespace {

absl::Status ErrorOf(sqlite3* db) {
  const char* path = sqlite3_db_filename(db, "main");
  const std::string text = absl::StrCat("database ", path == nullptr ? "" : path, ": ", sqlite3_errmsg(db));
  switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(text);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return absl::PermissionDeniedError(text);
    default:
      return absl::InternalError(text);
  }
}

}  // namespace

void SqliteStatement::Finalizer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteStatement& SqliteStatement::Bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), parameter, value);
  return *this;
}

SqliteStatement& SqliteStatement::Bind(int parameter, absl::string_view bytes) {
  sqlite3_bind_text(statement_.get(), parameter, bytes.data(), static_cast<int>(bytes.size()),
                    SQLITE_TRANSIENT);
  return *this;
}

SqliteStatement& SqliteStatement::BindBlob(int parameter, absl::string_view bytes) {
  sqlite3_bind_blob64(statement_.get(), parameter, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
  return *this;
}

absl::Status SqliteStatement::ForEach(absl::FunctionRef<absl::Status(const SqliteStatement&)> row) {
  absl::Status status;
  int code = SQLITE_ROW;
  while (status.ok() && (code = sqlite3_step(statement_.get())) == SQLITE_ROW) status = row(*this);
  if (status.ok() && code != SQLITE_DONE) status = ErrorOf(sqlite3_db_handle(statement_.get()));
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  return status;
}

absl::Status SqliteStatement::Run() {
  return ForEach([](const SqliteStatement&) { return absl::OkStatus(); });
}

std::int64_t SqliteStatement::Integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string SqliteStatement::Bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data == nullptr ? "" : std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

void SqliteDb::Closer::operator()(sqlite3* db) const {
  sqlite3_close_v2(db);
}

absl::StatusOr<SqliteDb> SqliteDb::Open(const std::string& path, const SqliteOptions& options) {
  sqlite3* raw = nullptr;
  const int flags = options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  SqliteDb db(raw);
  if (code != SQLITE_OK) return ErrorOf(raw);
  SIMCLR_RETURN_IF_ERROR(db.Configure(options));
  return db;
}

absl::Status SqliteDb::Configure(const SqliteOptions& options) {
  sqlite3_extended_result_codes(db_.get(), 1);
  sqlite3_busy_timeout(db_.get(), static_cast<int>(absl::ToInt64Milliseconds(options.busy_timeout)));
  if (!options.auto_checkpoint) sqlite3_wal_autocheckpoint(db_.get(), 0);
  if (options.read_only) return absl::OkStatus();
  SIMCLR_RETURN_IF_ERROR(Execute("PRAGMA journal_mode = WAL"));
  return Execute(options.sync == SqliteOptions::Sync::kFull ? "PRAGMA synchronous = FULL"
                                                            : "PRAGMA synchronous = NORMAL");
}

absl::Status SqliteDb::Execute(const std::string& sql) {
  if (sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return absl::OkStatus();
  return ErrorOf(db_.get());
}

absl::StatusOr<SqliteStatement> SqliteDb::Prepare(absl::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(db_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr) != SQLITE_OK) {
    return ErrorOf(db_.get());
  }
  return SqliteStatement(raw);
}

std::int64_t SqliteDb::ChangedRows() const {
  return sqlite3_changes(db_.get());
}

absl::Status SqliteDb::MoveLog(Checkpoint kind) {
  const int mode = kind == Checkpoint::kPassive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
  const int code = sqlite3_wal_checkpoint_v2(db_.get(), "main", mode, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : ErrorOf(db_.get());
}

absl::StatusOr<SqliteTransaction> SqliteTransaction::Begin(SqliteDb& db) {
  SIMCLR_RETURN_IF_ERROR(db.Execute("BEGIN IMMEDIATE"));
  return SqliteTransaction(db);
}

SqliteTransaction::SqliteTransaction(SqliteTransaction&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)) {}

SqliteTransaction::~SqliteTransaction() {
  if (db_ != nullptr) (void)db_->Execute("ROLLBACK");
}

absl::Status SqliteTransaction::Commit() {
  SIMCLR_RETURN_IF_ERROR(db_->Execute("COMMIT"));
  db_ = nullptr;
  return absl::OkStatus();
}

}  // namespace simclr::coordinator
