#pragma once

#include <memory>
#include <string>
#include <vector>

#include "coordinator/store/data_directory.h"
#include "coordinator/store/journal.h"
#include "coordinator/store/sqlite_db.h"

namespace simclr::coordinator {

// The journal in the data directory's state.db: append-only events, the newest snapshots, and the submissions
// of the last day. One transaction, synced, an Append.
class SqliteJournal : public Journal {
 public:
  // `directory` must outlive the journal. DATA_LOSS: the file is damaged.
  static absl::StatusOr<std::unique_ptr<SqliteJournal>> Open(const DataDirectory& directory);

  const std::string& cluster_id() const override { return directory_.cluster_id(); }
  std::int64_t term() const override { return directory_.term(); }

  absl::StatusOr<Recovered> Load() override;
  absl::Status Append(const std::vector<v1::Event>& events, const Submission* submission) override;
  absl::Status WriteSnapshot(std::int64_t revision, const std::string& bytes) override;
  absl::StatusOr<std::optional<Submission>> FindSubmission(const std::string& owner,
                                                           const std::string& request_id) override;
  absl::StatusOr<std::vector<v1::Event>> EventsAfter(std::int64_t revision) override;

 private:
  SqliteJournal(const DataDirectory& directory, SqliteDb db) : directory_(directory), db_(std::move(db)) {}
  absl::Status Insert(const Submission& submission);

  const DataDirectory& directory_;
  SqliteDb db_;
};

}  // namespace simclr::coordinator
