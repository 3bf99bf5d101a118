#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <random>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "coordinator/store/sqlite_ended_jobs.h"
#include "coordinator/store/sqlite_journal.h"
#include "tests/support/sqlite_vfs_shim.h"
#include "tests/support/temporary_directory.h"

namespace simclr::coordinator {
namespace {

std::uint64_t Seed() {
  std::uint64_t seed = 0;
  const char* given = std::getenv("SIMCLR_TEST_SEED");
  if (given == nullptr || !absl::SimpleAtoi(given, &seed)) seed = std::random_device()();
  std::cout << "SIMCLR_TEST_SEED=" << seed << std::endl;
  return seed;
}

// A journal on a disk whose power goes again and again.
class PowerCutTest : public ::testing::Test {
 protected:
  ~PowerCutTest() override {
    Close();
    disk_.Heal();
  }

  absl::Status Open() {
    absl::StatusOr<DataDirectory> directory = DataDirectory::Open(temporary_.path(), "c-test");
    if (!directory.ok()) return directory.status();
    directory_.emplace(*std::move(directory));
    SqliteJournalOptions options;
    options.checkpoints = {8192, 65536, absl::Milliseconds(1)};  // the log is moved all the time
    absl::StatusOr<std::unique_ptr<SqliteJournal>> journal = SqliteJournal::Open(*directory_, options);
    if (!journal.ok()) return journal.status();
    journal_ = *std::move(journal);
    return absl::OkStatus();
  }

  void Close() {
    journal_.reset();
    directory_.reset();
  }

  // Each batch ends one job and answers one request; their names are its last revision.
  JournalBatch RandomBatch() {
    JournalBatch batch;
    std::int64_t revision = written_;
    for (std::uint64_t events = 1 + random_() % 5; events > 0; --events) {
      v1::Event& event = batch.events.emplace_back();
      event.set_revision(++revision);
      event.set_actor(std::string(random_() % 6000, 'a'));
    }
    auto job = std::make_shared<v1::JobRecord>();
    job->mutable_job()->set_id(absl::StrCat(revision));
    batch.ended = {std::move(job)};
    batch.requests = {{"ann", "SubmitJob", absl::StrCat(revision), "hash", "j", absl::Seconds(1)}};
    return batch;
  }

  // Until the disk refuses.
  void AppendBatches() {
    for (;;) {
      const JournalBatch batch = RandomBatch();
      tried_ = batch.events.back().revision();
      if (!journal_->Append(batch).ok()) return;
      written_ = tried_;
      boundaries_.push_back(written_);
    }
  }

  // That everything acknowledged is there, and of the batch that was not all or nothing.
  void ExpectWhole() {
    const absl::Status opened = Open();
    ASSERT_TRUE(opened.ok()) << opened;
    const auto recovered = journal_->Load();
    ASSERT_TRUE(recovered.ok()) << recovered.status();
    const auto revision = static_cast<std::int64_t>(recovered->events.size());
    ASSERT_TRUE(revision == written_ || revision == tried_)
        << revision << " of " << written_ << " or " << tried_;
    if (revision != written_) boundaries_.push_back(revision);
    const auto ended = SqliteEndedJobs::Open(*directory_).value();
    for (const std::int64_t boundary : boundaries_) {
      const std::string name = absl::StrCat(boundary);
      EXPECT_NE(ended->Find(name).value(), nullptr) << name;
      EXPECT_TRUE(journal_->FindRequest("ann", "SubmitJob", name).value().has_value()) << name;
    }
    EXPECT_EQ(ended->List({}, {"", 1'000'000, false}).value().size(), boundaries_.size());
    EXPECT_GE(journal_->term(), term_);
    term_ = journal_->term();
    written_ = tried_ = revision;
  }

  SqliteVfsShim& disk_ = SqliteVfsShim::Get();
  TemporaryDirectory temporary_;
  std::mt19937_64 random_;
  std::optional<DataDirectory> directory_;
  std::unique_ptr<SqliteJournal> journal_;
  std::int64_t written_ = 0, tried_ = 0, term_ = 0;
  std::vector<std::int64_t> boundaries_;
};

TEST_F(PowerCutTest, LosesNothingThatWasAcknowledgedAndKeepsNothingHalf) {
  random_.seed(Seed());
  int cuts_within_appends = 0;
  for (int round = 0; round < 100 && !HasFatalFailure(); ++round) {
    disk_.CutAfter(static_cast<int>(random_() % 200), random_());
    if (Open().ok()) {
      AppendBatches();
      ++cuts_within_appends;
    }
    Close();
    disk_.Heal();
    ExpectWhole();
    Close();
  }
  EXPECT_GT(cuts_within_appends, 10) << "the cuts came too early to show anything";
  EXPECT_GT(written_, 100);
}

TEST_F(PowerCutTest, SaysThatTheDiskIsFullAndGoesOnWhenItIsNot) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(journal_->Append(RandomBatch()).ok());
  written_ = static_cast<std::int64_t>(journal_->EventsAfter(0).value().size());
  for (int operations = 0; operations < 3; ++operations) {
    disk_.FailAfter(operations, SqliteVfsShim::Failure::kFull);
    const JournalBatch batch = RandomBatch();
    const absl::Status full = journal_->Append(batch);
    EXPECT_TRUE(absl::IsResourceExhausted(full)) << full;
    disk_.Heal();
    EXPECT_EQ(journal_->EventsAfter(written_).value().size(), 0u);
    EXPECT_TRUE(journal_->Append(batch).ok());
    written_ = batch.events.back().revision();
  }
}

TEST_F(PowerCutTest, LeavesOpenWhetherABatchIsDurableWhoseSyncFailed) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(journal_->Append(RandomBatch()).ok());
  written_ = static_cast<std::int64_t>(journal_->EventsAfter(0).value().size());
  disk_.FailAfter(0, SqliteVfsShim::Failure::kIoError);
  const absl::Status status = journal_->Append(RandomBatch());
  EXPECT_FALSE(status.ok());
  EXPECT_FALSE(absl::IsResourceExhausted(status) || absl::IsUnavailable(status)) << status;
}

TEST(SqliteVfsShim, LosesWhatWasNotSynced) {
  SqliteVfsShim& disk = SqliteVfsShim::Get();
  TemporaryDirectory temporary;
  int lost = 0;
  for (int seed = 0; seed < 20; ++seed) {
    const std::string path = temporary / absl::StrCat(seed, ".db");
    {
      SqliteDb db = SqliteDb::Open(path).value();
      ASSERT_TRUE(db.Execute("CREATE TABLE t (a)").ok());
      ASSERT_TRUE(db.Execute("PRAGMA synchronous = OFF").ok());
      ASSERT_TRUE(db.Execute("INSERT INTO t VALUES (1)").ok());
      disk.CutAfter(0, static_cast<std::uint64_t>(seed));
      EXPECT_FALSE(db.Execute("INSERT INTO t VALUES (2)").ok());
    }
    disk.Heal();
    SqliteDb db = SqliteDb::Open(path).value();
    SqliteStatement count = db.Prepare("SELECT COUNT(*) FROM t").value();
    ASSERT_TRUE(count
                    .ForEach([&lost](const SqliteStatement& row) {
                      lost += row.Integer(0) == 0 ? 1 : 0;
                      return absl::OkStatus();
                    })
                    .ok());
  }
  EXPECT_GT(lost, 0);
  EXPECT_LT(lost, 20);
}

}  // namespace
}  // namespace simclr::coordinator
