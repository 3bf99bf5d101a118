#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/store/data_directory.h"
#include "coordinator/store/ended_job_rows.h"
#include "coordinator/store/event_rows.h"
#include "coordinator/store/journal.h"
#include "coordinator/store/request_rows.h"
#include "coordinator/store/snapshot_files.h"
#include "coordinator/store/sqlite_db.h"
#include "coordinator/store/wal_checkpointer.h"

namespace simclr::coordinator {

struct SqliteJournalOptions {
  absl::Duration keep_events =
      absl::Hours(180 * 24);                        // older ones go, but none that the older snapshot needs
  absl::Duration busy_timeout = absl::Seconds(10);  // another connection may hold the database so long
  WalCheckpointerOptions checkpoints;
};

// The journal in a data directory: events, ended jobs and request ids in state.db, snapshots in files beside
// it. One transaction, synced, an Append.
class SqliteJournal : public Journal {
 public:
  // `directory` must outlive the journal. DATA_LOSS: the file is damaged.
  static absl::StatusOr<std::unique_ptr<SqliteJournal>> Open(const DataDirectory& directory,
                                                             const SqliteJournalOptions& options = {});

  const std::string& cluster_id() const override { return directory_.cluster_id(); }
  std::int64_t term() const override { return directory_.term(); }

  // DATA_LOSS: events are missing or cannot be read. Puts snapshots aside that are not of these events.
  absl::StatusOr<Recovered> Load() override;
  absl::Status Append(const JournalBatch& batch) override;
  absl::Status WriteSnapshot(std::int64_t revision, const std::string& bytes) override;
  absl::StatusOr<std::optional<RequestRecord>> FindRequest(const std::string& principal,
                                                           const std::string& method,
                                                           const std::string& request_id) override;
  absl::StatusOr<std::vector<v1::Event>> EventsAfter(std::int64_t revision) override;

 private:
  struct Tables {
    EventRows events;
    EndedJobRows ended;
    RequestRows requests;
  };

  SqliteJournal(const DataDirectory& directory, const SqliteJournalOptions& options, SqliteDb db,
                Tables tables, std::unique_ptr<WalCheckpointer> checkpointer);
  absl::Status Write(const JournalBatch& batch);
  absl::Status ForgetEvents(absl::Time now);
  absl::StatusOr<std::optional<Snapshot>> NewestSnapshot();

  const DataDirectory& directory_;
  const SqliteJournalOptions options_;
  SqliteDb db_;    // of the appending thread, with its tables
  Tables tables_;  // after the connection that they must not outlive
  SnapshotFiles snapshots_;
  std::atomic<std::int64_t> needed_from_{0};  // revision of the older snapshot; 0: every event is needed
  absl::Time next_forgetting_ = absl::InfinitePast();  // of the appending thread
  std::unique_ptr<WalCheckpointer> checkpointer_;
};

}  // namespace simclr::coordinator
