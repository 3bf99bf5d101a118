#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "coordinator/store/journal.h"
#include "tests/support/journal_place.h"

namespace simclr::coordinator {

// What every Journal promises. `Place` is a default-constructible JournalPlace.
template <typename Place>
class JournalContract : public ::testing::Test {
 protected:
  static v1::Event At(std::int64_t revision) {
    v1::Event event;
    event.set_revision(revision);
    event.set_actor("ann");
    return event;
  }

  static JournalBatch Events(std::int64_t first, std::int64_t last) {
    JournalBatch batch;
    for (std::int64_t revision = first; revision <= last; ++revision) batch.events.push_back(At(revision));
    return batch;
  }

  static RequestRecord Request(const std::string& id, absl::Duration at) {
    return {"ann", "SubmitJob", id, "hash", "j-1", at};
  }

  static JobPtr Ended(const std::string& id) {
    auto record = std::make_shared<v1::JobRecord>();
    record->mutable_job()->set_id(id);
    return record;
  }

  Place place_;
};

TYPED_TEST_SUITE_P(JournalContract);

TYPED_TEST_P(JournalContract, KeepsEventsInOrderOverAReopening) {
  Journal* journal = &this->place_.Reopen();
  ASSERT_TRUE(journal->Append(this->Events(1, 2)).ok());
  ASSERT_TRUE(journal->Append(this->Events(3, 3)).ok());
  journal = &this->place_.Reopen();
  const Journal::Recovered recovered = journal->Load().value();
  ASSERT_EQ(recovered.events.size(), 3u);
  EXPECT_EQ(recovered.events[2].revision(), 3);
  EXPECT_EQ(recovered.events[2].actor(), "ann");
  EXPECT_EQ(recovered.snapshot, "");
}

TYPED_TEST_P(JournalContract, LoadsTheNewestSnapshotAndTheEventsAfterIt) {
  Journal* journal = &this->place_.Reopen();
  ASSERT_TRUE(journal->Append(this->Events(1, 2)).ok());
  ASSERT_TRUE(journal->WriteSnapshot(1, "old").ok());
  ASSERT_TRUE(journal->WriteSnapshot(2, std::string("new\0bytes", 9)).ok());
  ASSERT_TRUE(journal->Append(this->Events(3, 3)).ok());
  const Journal::Recovered recovered = this->place_.Reopen().Load().value();
  EXPECT_EQ(recovered.snapshot, std::string("new\0bytes", 9));
  ASSERT_EQ(recovered.events.size(), 1u);
  EXPECT_EQ(recovered.events[0].revision(), 3);
}

TYPED_TEST_P(JournalContract, KeepsEventsThatASnapshotCovers) {
  Journal& journal = this->place_.Reopen();
  ASSERT_TRUE(journal.Append(this->Events(1, 2)).ok());
  ASSERT_TRUE(journal.WriteSnapshot(2, "state").ok());
  EXPECT_EQ(journal.EventsAfter(0).value().size(), 2u);
  EXPECT_EQ(journal.EventsAfter(1).value().size(), 1u);
}

TYPED_TEST_P(JournalContract, WritesAllOfABatchOrNothing) {
  Journal& journal = this->place_.Reopen();
  ASSERT_TRUE(journal.Append(this->Events(1, 1)).ok());
  JournalBatch batch = this->Events(2, 2);
  batch.events.push_back(this->At(1));  // taken
  batch.ended = {this->Ended("j-1")};
  batch.requests = {this->Request("r1", absl::Seconds(1))};
  EXPECT_FALSE(journal.Append(batch).ok());
  EXPECT_EQ(journal.EventsAfter(0).value().size(), 1u);
  EXPECT_FALSE(journal.FindRequest("ann", "SubmitJob", "r1").value().has_value());
  EXPECT_EQ(this->place_.ended().Find("j-1").value(), nullptr);
  batch.events.pop_back();
  EXPECT_TRUE(journal.Append(batch).ok()) << "what was refused left nothing behind";
}

TYPED_TEST_P(JournalContract, KeepsAJobThatEndedWithItsLastEvent) {
  JournalBatch batch = this->Events(1, 1);
  batch.ended = {this->Ended("j-1")};
  ASSERT_TRUE(this->place_.Reopen().Append(batch).ok());
  this->place_.Reopen();
  ASSERT_NE(this->place_.ended().Find("j-1").value(), nullptr);
}

TYPED_TEST_P(JournalContract, RemembersRequestsByPrincipalMethodAndId) {
  JournalBatch batch = this->Events(1, 1);
  batch.requests = {this->Request("r1", absl::Seconds(1) + absl::Nanoseconds(1))};
  ASSERT_TRUE(this->place_.Reopen().Append(batch).ok());
  Journal& journal = this->place_.Reopen();
  const auto found = journal.FindRequest("ann", "SubmitJob", "r1").value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->content_hash, "hash");
  EXPECT_EQ(found->job_id, "j-1");
  EXPECT_EQ(found->at, absl::Seconds(1) + absl::Nanoseconds(1));
  EXPECT_FALSE(journal.FindRequest("bob", "SubmitJob", "r1").value().has_value());
  EXPECT_FALSE(journal.FindRequest("ann", "CancelJob", "r1").value().has_value());
}

TYPED_TEST_P(JournalContract, ForgetsRequestsAfterADayOfServiceTime) {
  Journal& journal = this->place_.Reopen();
  JournalBatch batch;
  batch.requests = {this->Request("r1", absl::Hours(1)), this->Request("r2", absl::Hours(2))};
  ASSERT_TRUE(journal.Append(batch).ok());
  batch.requests = {this->Request("r3", absl::Hours(25) + absl::Seconds(1))};
  ASSERT_TRUE(journal.Append(batch).ok());
  EXPECT_FALSE(journal.FindRequest("ann", "SubmitJob", "r1").value().has_value());
  EXPECT_TRUE(journal.FindRequest("ann", "SubmitJob", "r2").value().has_value());
}

TYPED_TEST_P(JournalContract, RaisesTheTermWithEachOpening) {
  const std::int64_t first = this->place_.Reopen().term();
  EXPECT_EQ(this->place_.Reopen().term(), first + 1);
}

REGISTER_TYPED_TEST_SUITE_P(JournalContract, KeepsEventsInOrderOverAReopening,
                            LoadsTheNewestSnapshotAndTheEventsAfterIt, KeepsEventsThatASnapshotCovers,
                            WritesAllOfABatchOrNothing, KeepsAJobThatEndedWithItsLastEvent,
                            RemembersRequestsByPrincipalMethodAndId, ForgetsRequestsAfterADayOfServiceTime,
                            RaisesTheTermWithEachOpening);

}  // namespace simclr::coordinator
