#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace simclr::coordinator {

// One prepared statement. Parameters count from 1, columns from 0. Not thread-safe; must not outlive its
// database.
class SqliteStatement {
 public:
  SqliteStatement& Bind(int parameter, std::int64_t value);
  SqliteStatement& Bind(int parameter, absl::string_view bytes);  // text
  SqliteStatement& BindBlob(int parameter, absl::string_view bytes);

  // Steps to the end, or to the first row that `row` refuses, and makes the statement ready for the next use:
  // one that is left in the middle keeps its view of the database, and with it the write-ahead log, for ever.
  absl::Status ForEach(absl::FunctionRef<absl::Status(const SqliteStatement&)> row);
  absl::Status Run();  // the same where no row matters

  std::int64_t Integer(int column) const;
  std::string Bytes(int column) const;

 private:
  friend class SqliteDb;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

struct SqliteOptions {
  enum class Sync { kFull, kNormal };  // durable at each commit; durable a little later, but never torn

  Sync sync = Sync::kFull;
  bool read_only = false;
  bool auto_checkpoint = true;  // the writer itself moves the write-ahead log into the file now and then
  absl::Duration busy_timeout = absl::Seconds(10);
};

// One connection to an SQLite file in WAL mode. Errors name the file: RESOURCE_EXHAUSTED (no space),
// DATA_LOSS (not a database, or damaged), UNAVAILABLE (another connection holds it), NOT_FOUND (to be read,
// but not there), INTERNAL. Not thread-safe.
class SqliteDb {
 public:
  static absl::StatusOr<SqliteDb> Open(const std::string& path, const SqliteOptions& options = {});

  absl::Status Execute(const std::string& sql);
  absl::StatusOr<SqliteStatement> Prepare(absl::string_view sql);
  std::int64_t ChangedRows() const;  // by the last statement that ran

  enum class Checkpoint {
    kPassive,   // what can be moved without making anybody wait
    kTruncate,  // all of it, and the log is empty afterwards; the writer waits meanwhile
  };
  // Moves the write-ahead log into the file. UNAVAILABLE: a reader or a writer was in the way.
  absl::Status MoveLog(Checkpoint kind);

 private:
  struct Closer {
    void operator()(sqlite3* db) const;
  };
  explicit SqliteDb(sqlite3* db) : db_(db) {}
  absl::Status Configure(const SqliteOptions& options);

  std::unique_ptr<sqlite3, Closer> db_;
};

// A write transaction; rolled back unless committed. Not thread-safe.
class SqliteTransaction {
 public:
  static absl::StatusOr<SqliteTransaction> Begin(SqliteDb& db);
  ~SqliteTransaction();
  SqliteTransaction(SqliteTransaction&& other) noexcept;
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;

  // RESOURCE_EXHAUSTED and UNAVAILABLE: nothing of it is durable. Any other error leaves that open.
  absl::Status Commit();

 private:
  explicit SqliteTransaction(SqliteDb& db) : db_(&db) {}

  SqliteDb* db_;  // null: nothing to roll back
};

}  // namespace simclr::coordinator
