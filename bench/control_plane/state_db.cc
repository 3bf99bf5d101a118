#include "bench/control_plane/state_db.h"

#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/control_plane/schema_1.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"

namespace simclr::bench {
namespace {

// A file that is being made: nobody else reads it, so that it need not be safe before it is complete.
class Database {
 public:
  explicit Database(const std::string& path) {
    sqlite3* opened = nullptr;
    broken_ = ::sqlite3_open(path.c_str(), &opened) != SQLITE_OK;
    db_.reset(opened);
  }

  void Execute(const char* sql) {
    broken_ = broken_ || ::sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK;
  }

  // Into a table of a number and bytes.
  void Insert(const char* sql, std::int64_t number, const std::string& bytes) {
    if (broken_) return;
    sqlite3_stmt* statement = nullptr;
    ::sqlite3_prepare_v2(db_.get(), sql, -1, &statement, nullptr);
    ::sqlite3_bind_int64(statement, 1, number);
    ::sqlite3_bind_blob64(statement, 2, bytes.data(), bytes.size(), SQLITE_STATIC);
    broken_ = ::sqlite3_step(statement) != SQLITE_DONE;
    ::sqlite3_finalize(statement);
  }

  // Of the first step that failed; what follows one does nothing.
  absl::Status status() const {
    if (!broken_) return absl::OkStatus();
    return absl::InternalError(absl::StrCat("cannot write the database: ", ::sqlite3_errmsg(db_.get())));
  }

 private:
  struct Closer {
    void operator()(sqlite3* db) const { ::sqlite3_close(db); }
  };
  std::unique_ptr<sqlite3, Closer> db_;
  bool broken_ = false;
};

class Writer {
 public:
  explicit Writer(Database& database) : database_(database) {}

  void WriteJobs(const History& history, const StateDbOptions& options) {
    const int in_snapshot = std::max(0, history.size() - options.jobs_after_snapshot);
    for (int index = 0; index < history.size(); ++index) {
      v1::JobRecord record = history.Record(index);
      const bool in = index < in_snapshot;
      WriteEvents(History::EventsOf(record), options.all_events || !in);
      if (!in) continue;
      record.set_revision(revision_);
      *snapshot_.add_jobs() = std::move(record);
      snapshot_.set_revision(revision_);
    }
    if (snapshot_.jobs_size() == 0) return;
    database_.Insert("INSERT INTO snapshots VALUES (?, ?)", snapshot_.revision(),
                     snapshot_.SerializeAsString());
  }

 private:
  void WriteEvents(std::vector<v1::Event> events, bool as_rows) {
    for (v1::Event& event : events) {
      event.set_revision(++revision_);
      if (as_rows) database_.Insert("INSERT INTO events VALUES (?, ?)", revision_, event.SerializeAsString());
    }
  }

  Database& database_;
  v1::StateSnapshot snapshot_;
  std::int64_t revision_ = 0;
};

}  // namespace

absl::Status WriteStateDb(const std::string& directory, const History& history,
                          const StateDbOptions& options) {
  const std::string path = JoinPath(directory, "state.db");
  if (PosixFileSystem().Exists(path)) {
    return absl::AlreadyExistsError(absl::StrCat(path, " is there already; name an empty directory"));
  }
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().MakeDirectories(directory));
  Database database(path);
  database.Execute(kSchema1);
  database.Execute("BEGIN");
  Writer(database).WriteJobs(history, options);
  database.Execute("COMMIT");
  return database.status();
}

}  // namespace simclr::bench
