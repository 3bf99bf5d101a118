#include "coordinator/store/sqlite_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "tests/support/journal_contract.h"
#include "tests/support/journal_places.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

using Places = ::testing::Types<SqlitePlace, MemoryPlace>;
INSTANTIATE_TYPED_TEST_SUITE_P(All, JournalContract, Places);

class SqliteJournalTest : public ::testing::Test {
 protected:
  // Events of one day each.
  static JournalBatch Days(std::int64_t first, std::int64_t last, const std::string& actor = "ann") {
    JournalBatch batch;
    for (std::int64_t day = first; day <= last; ++day) {
      v1::Event& event = batch.events.emplace_back();
      event.set_revision(day);
      event.set_actor(actor);
      event.mutable_at()->set_seconds(day * 86400);
    }
    return batch;
  }

  std::string SnapshotPath(std::int64_t revision) const {
    return JoinPath(place_.directory().snapshots_path(), absl::StrCat(revision, ".snapshot"));
  }

  SqlitePlace place_;
};

TEST_F(SqliteJournalTest, StartsFromTheOlderSnapshotWhereTheNewestIsDamaged) {
  Journal& journal = place_.Reopen();
  ASSERT_TRUE(journal.Append(Days(1, 4)).ok());
  ASSERT_TRUE(journal.WriteSnapshot(2, "two").ok());
  ASSERT_TRUE(journal.WriteSnapshot(3, "three").ok());
  ASSERT_TRUE(PosixFileSystem().Write(SnapshotPath(3), "simclr-snapshot 1 3").ok());
  const Journal::Recovered recovered = place_.Reopen().Load().value();
  EXPECT_EQ(recovered.snapshot, "two");
  EXPECT_EQ(recovered.events.size(), 2u);
}

TEST_F(SqliteJournalTest, PutsASnapshotOfAnotherHistoryAside) {
  Journal& journal = place_.Reopen();
  ASSERT_TRUE(journal.Append(Days(1, 3)).ok());
  ASSERT_TRUE(journal.WriteSnapshot(1, "of both").ok());
  ASSERT_TRUE(journal.WriteSnapshot(3, "of the lost time").ok());
  {
    SqliteDb db = SqliteDb::Open(place_.directory().database_path()).value();
    ASSERT_TRUE(db.Execute("DELETE FROM events WHERE revision > 1").ok());
  }
  ASSERT_TRUE(journal.Append(Days(2, 4, "bob")).ok());
  const Journal::Recovered recovered = place_.Reopen().Load().value();
  EXPECT_EQ(recovered.snapshot, "of both");
  EXPECT_EQ(recovered.events.size(), 3u);
  EXPECT_FALSE(PosixFileSystem().Exists(SnapshotPath(3)));
  EXPECT_TRUE(PosixFileSystem().Exists(SnapshotPath(3) + ".aside"));
}

TEST_F(SqliteJournalTest, SaysWhichEventsAreMissing) {
  ASSERT_TRUE(place_.Reopen().Append(Days(1, 9)).ok());
  {
    SqliteDb db = SqliteDb::Open(place_.directory().database_path()).value();
    ASSERT_TRUE(db.Execute("DELETE FROM events WHERE revision IN (4, 5)").ok());
  }
  const absl::Status status = place_.Reopen().Load().status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("events 4 to 5 are missing"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("simclr-coordinator check --data-dir"));
}

TEST_F(SqliteJournalTest, SaysThatAnEventCannotBeRead) {
  ASSERT_TRUE(place_.Reopen().Append(Days(1, 3)).ok());
  {
    SqliteDb db = SqliteDb::Open(place_.directory().database_path()).value();
    ASSERT_TRUE(db.Execute("UPDATE events SET body = x'ff' WHERE revision = 2").ok());
  }
  EXPECT_THAT(std::string(place_.Reopen().Load().status().message()), HasSubstr("event 2 cannot be read"));
}

TEST_F(SqliteJournalTest, ForgetsOldEventsThatNoSnapshotNeeds) {
  Journal& journal = place_.Reopen();
  ASSERT_TRUE(journal.Append(Days(1, 1000)).ok());
  EXPECT_EQ(journal.EventsAfter(0).value().size(), 1000u) << "without snapshots all are needed";
  ASSERT_TRUE(journal.WriteSnapshot(800, "a").ok());
  ASSERT_TRUE(journal.WriteSnapshot(1000, "b").ok());
  for (std::int64_t day = 1001; day <= 1010; ++day) ASSERT_TRUE(journal.Append(Days(day, day)).ok());
  EXPECT_EQ(journal.EventsAfter(0).value().front().revision(), 800) << "the older snapshot needs it";
  ASSERT_TRUE(journal.WriteSnapshot(1010, "c").ok());
  for (std::int64_t day = 1011; day <= 1020; ++day) ASSERT_TRUE(journal.Append(Days(day, day)).ok());
  EXPECT_EQ(journal.EventsAfter(0).value().front().revision(), 1020 - 180) << "younger than 180 days";
  EXPECT_EQ(place_.Reopen().Load().value().snapshot, "c");
}

TEST_F(SqliteJournalTest, ForgetsNoEventsBeforeTheSnapshotsAreThereAgainAfterAStart) {
  Journal* journal = &place_.Reopen();
  ASSERT_TRUE(journal->Append(Days(1, 400)).ok());
  ASSERT_TRUE(journal->WriteSnapshot(300, "a").ok());
  ASSERT_TRUE(journal->WriteSnapshot(400, "b").ok());
  journal = &place_.Reopen();
  ASSERT_TRUE(journal->Load().ok());
  for (std::int64_t day = 401; day <= 405; ++day) ASSERT_TRUE(journal->Append(Days(day, day)).ok());
  EXPECT_EQ(journal->EventsAfter(0).value().front().revision(), 405 - 180);
}

TEST_F(SqliteJournalTest, ForgetsOldRequestsAFewAtATime) {
  Journal& journal = place_.Reopen();
  JournalBatch batch;
  for (int i = 0; i < 1000; ++i) {
    batch.requests.push_back({"ann", "SubmitJob", absl::StrCat("r", i), "hash", "j-1", absl::Seconds(i)});
  }
  ASSERT_TRUE(journal.Append(batch).ok());
  const auto count = [&] {
    int found = 0;
    for (int i = 0; i < 1000; ++i)
      found += journal.FindRequest("ann", "SubmitJob", absl::StrCat("r", i)).value().has_value() ? 1 : 0;
    return found;
  };
  batch.requests = {{"ann", "SubmitJob", "late", "hash", "j-1", absl::Hours(30)}};
  ASSERT_TRUE(journal.Append(batch).ok());
  EXPECT_EQ(count(), 1000 - 65);
  for (int i = 0; i < 15; ++i) {
    batch.requests[0].request_id = absl::StrCat("late", i);
    ASSERT_TRUE(journal.Append(batch).ok());
  }
  EXPECT_EQ(count(), 0);
}

TEST_F(SqliteJournalTest, SaysThatAnotherConnectionHoldsTheDatabase) {
  DataDirectory directory = [&] {
    place_.Reopen();
    return DataDirectory::Open(JoinPath(place_.directory().path(), "other"), "").value();
  }();
  SqliteJournalOptions options;
  options.busy_timeout = absl::Milliseconds(1);
  const auto journal = SqliteJournal::Open(directory, options).value();
  SqliteDb db = SqliteDb::Open(directory.database_path()).value();
  {
    const SqliteTransaction transaction = SqliteTransaction::Begin(db).value();
    EXPECT_TRUE(absl::IsUnavailable(journal->Append(Days(1, 1))));
  }
  EXPECT_TRUE(journal->Append(Days(1, 1)).ok()) << "it was rolled back";
}

}  // namespace
}  // namespace simclr::coordinator
