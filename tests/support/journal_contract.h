#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "coordinator/store/journal.h"

namespace simclr::coordinator {

// A place where journals can be opened one after the other.
class JournalPlace {
 public:
  virtual ~JournalPlace() = default;
  // Closes the journal that was opened before, if any.
  virtual Journal& Reopen() = 0;
};

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
  Place place_;
};

TYPED_TEST_SUITE_P(JournalContract);

TYPED_TEST_P(JournalContract, KeepsEventsInOrderOverAReopening) {
  Journal* journal = &this->place_.Reopen();
  ASSERT_TRUE(journal->Append({this->At(1), this->At(2)}, nullptr).ok());
  ASSERT_TRUE(journal->Append({this->At(3)}, nullptr).ok());
  journal = &this->place_.Reopen();
  const Journal::Recovered recovered = journal->Load().value();
  ASSERT_EQ(recovered.events.size(), 3u);
  EXPECT_EQ(recovered.events[2].revision(), 3);
  EXPECT_EQ(recovered.events[2].actor(), "ann");
  EXPECT_EQ(recovered.snapshot, "");
}

TYPED_TEST_P(JournalContract, LoadsTheNewestSnapshotAndTheEventsAfterIt) {
  Journal* journal = &this->place_.Reopen();
  ASSERT_TRUE(journal->Append({this->At(1), this->At(2)}, nullptr).ok());
  ASSERT_TRUE(journal->WriteSnapshot(1, "old").ok());
  ASSERT_TRUE(journal->WriteSnapshot(2, std::string("new\0bytes", 9)).ok());
  ASSERT_TRUE(journal->Append({this->At(3)}, nullptr).ok());
  const Journal::Recovered recovered = this->place_.Reopen().Load().value();
  EXPECT_EQ(recovered.snapshot, std::string("new\0bytes", 9));
  ASSERT_EQ(recovered.events.size(), 1u);
  EXPECT_EQ(recovered.events[0].revision(), 3);
}

TYPED_TEST_P(JournalContract, KeepsAllEventsForAudits) {
  Journal& journal = this->place_.Reopen();
  ASSERT_TRUE(journal.Append({this->At(1), this->At(2)}, nullptr).ok());
  ASSERT_TRUE(journal.WriteSnapshot(2, "state").ok());
  EXPECT_EQ(journal.EventsAfter(0).value().size(), 2u);
  EXPECT_EQ(journal.EventsAfter(1).value().size(), 1u);
}

TYPED_TEST_P(JournalContract, WritesAllOfAnAppendOrNothing) {
  Journal& journal = this->place_.Reopen();
  ASSERT_TRUE(journal.Append({this->At(1)}, nullptr).ok());
  const Submission submission{"ann", "r1", "hash", "j-1", absl::FromUnixSeconds(1000)};
  EXPECT_FALSE(journal.Append({this->At(2), this->At(1)}, &submission).ok()) << "revision 1 is taken";
  EXPECT_EQ(journal.EventsAfter(0).value().size(), 1u);
  EXPECT_FALSE(journal.FindSubmission("ann", "r1").value().has_value());
}

TYPED_TEST_P(JournalContract, RemembersSubmissionsByOwnerAndRequest) {
  const Submission submission{"ann", "r1", "hash", "j-1", absl::FromUnixSeconds(1000)};
  ASSERT_TRUE(this->place_.Reopen().Append({this->At(1)}, &submission).ok());
  Journal& journal = this->place_.Reopen();
  const auto found = journal.FindSubmission("ann", "r1").value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->content_hash, "hash");
  EXPECT_EQ(found->job_id, "j-1");
  EXPECT_FALSE(journal.FindSubmission("bob", "r1").value().has_value());
}

TYPED_TEST_P(JournalContract, RaisesTheTermWithEachOpening) {
  const std::int64_t first = this->place_.Reopen().term();
  EXPECT_EQ(this->place_.Reopen().term(), first + 1);
}

REGISTER_TYPED_TEST_SUITE_P(JournalContract, KeepsEventsInOrderOverAReopening,
                            LoadsTheNewestSnapshotAndTheEventsAfterIt, KeepsAllEventsForAudits,
                            WritesAllOfAnAppendOrNothing, RemembersSubmissionsByOwnerAndRequest,
                            RaisesTheTermWithEachOpening);

}  // namespace simclr::coordinator
