#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

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

  absl::StatusOr<bool> Step();  // true: a row is there
  absl::Status Run();           // steps to the end and makes it ready for the next use

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

// One connection to an SQLite file in WAL mode. Errors name the file: RESOURCE_EXHAUSTED (no space),
// DATA_LOSS (not a database, or damaged), UNAVAILABLE (another process holds it), INTERNAL. Not thread-safe.
class SqliteDb {
 public:
  enum class Sync { kFull, kNormal };  // durable at each commit; durable a little later, but never torn

  static absl::StatusOr<SqliteDb> Open(const std::string& path, Sync sync);

  absl::Status Execute(const std::string& sql);
  absl::StatusOr<SqliteStatement> Prepare(absl::string_view sql);
  std::int64_t ChangedRows() const;  // by the last statement that ran

 private:
  struct Closer {
    void operator()(sqlite3* db) const;
  };
  explicit SqliteDb(sqlite3* db) : db_(db) {}

  std::unique_ptr<sqlite3, Closer> db_;
};

// A write transaction; rolled back unless committed. Not thread-safe.
class SqliteTransaction {
 public:
  static absl::StatusOr<SqliteTransaction> Begin(SqliteDb& db);
  ~SqliteTransaction();
  SqliteTransaction(SqliteTransaction&& other) noexcept;
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;

  absl::Status Commit();

 private:
  explicit SqliteTransaction(SqliteDb& db) : db_(&db) {}

  SqliteDb* db_;  // null: nothing to roll back
};

}  // namespace simclr::coordinator
