#pragma once

#include <memory>
#include <optional>

#include "coordinator/store/sqlite_ended_jobs.h"
#include "coordinator/store/sqlite_journal.h"
#include "tests/support/journal_place.h"
#include "tests/support/memory_journal.h"
#include "tests/support/temporary_directory.h"

namespace simclr::coordinator {

class SqlitePlace : public JournalPlace {
 public:
  Journal& Reopen() override {
    ended_.reset();
    journal_.reset();
    directory_.reset();
    directory_.emplace(DataDirectory::Open(temporary_.path(), "").value());
    journal_ = SqliteJournal::Open(*directory_).value();
    ended_ = SqliteEndedJobs::Open(*directory_).value();
    return *journal_;
  }
  EndedJobs& ended() override { return *ended_; }
  const DataDirectory& directory() const { return *directory_; }

 private:
  TemporaryDirectory temporary_;
  std::optional<DataDirectory> directory_;
  std::unique_ptr<SqliteJournal> journal_;
  std::unique_ptr<SqliteEndedJobs> ended_;
};

class MemoryPlace : public JournalPlace {
 public:
  Journal& Reopen() override {
    journal_ = std::make_unique<MemoryJournal>(disk_);
    return *journal_;
  }
  EndedJobs& ended() override { return ended_; }

 private:
  MemoryDisk disk_;
  MemoryEndedJobs ended_{disk_};
  std::unique_ptr<MemoryJournal> journal_;
};

}  // namespace simclr::coordinator
