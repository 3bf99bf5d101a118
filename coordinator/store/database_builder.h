#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/store/history.h"
#include "coordinator/store/journal.h"
#include "coordinator/store/sqlite_db.h"

namespace simclr::coordinator {

// Writes a whole state.db into a file beside the one in use, which stays as it is until the new one takes its
// place in one step. Not thread-safe.
class DatabaseBuilder {
 public:
  // What an earlier builder left in the middle is removed.
  static absl::StatusOr<DatabaseBuilder> Begin(const std::string& database_path);
  ~DatabaseBuilder();
  DatabaseBuilder(DatabaseBuilder&&) noexcept;

  absl::Status AddEvent(const StoredEvent& event);
  absl::Status AddEvent(const v1::Event& event);
  absl::Status AddEnded(const v1::JobRecord& record);
  absl::Status AddRequest(const RequestRecord& request);
  absl::StatusOr<std::string> EventDigest(std::int64_t revision);
  SqliteDb& db();  // for its meta values

  // All of it is durable in the file beside. After it only Install is allowed.
  absl::Status Finish();
  // The new file takes the place of the old one, which stays as `kept_as`, with its log where it has one. No
  // connection to either is open.
  absl::Status Install(const std::string& kept_as);

 private:
  struct Draft;
  DatabaseBuilder(std::string path, std::unique_ptr<Draft> draft);

  std::string path_;
  std::unique_ptr<Draft> draft_;  // null: finished
};

}  // namespace simclr::coordinator
