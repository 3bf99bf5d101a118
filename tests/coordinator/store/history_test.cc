#include "coordinator/store/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/journaled_state.h"
#include "tests/support/memory_journal.h"

namespace simclr::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// Revisions: 1 worker, 2 and 3 jobs a and b, 4 a is placed, 5 a's attempt ends and it succeeds, 6 b is placed
// there, 7 b succeeds.
class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest() {
    state_.Register("w", 1);
    state_.Submit("j-a", "a");
    state_.Submit("j-b", "b");
    state_.Place("j-a", "w", 0);
    state_.EndAttempt("j-a", v1::PHASE_SUCCEEDED);
    state_.Place("j-b", "w", 0);
    state_.EndAttempt("j-b", v1::PHASE_SUCCEEDED);
  }

  void Condemn(const std::string& job, const std::string& checkpoint) {
    v1::Event event;
    event.mutable_files_condemned()->set_job_id(job);
    event.mutable_files_condemned()->add_paths(job + "/checkpoints/" + checkpoint);
    state_.Add(event);
  }

  History Whole() const {
    History history;
    for (const v1::Event& event : disk_.events) {
      history.events.push_back({event.revision(), false, event.SerializeAsString()});
    }
    return history;
  }

  // That the new history can be replayed, too, and gives the same.
  static void ExpectReplayable(const Replayed& replayed) {
    History history;
    for (const v1::Event& event : replayed.events) {
      history.events.push_back({event.revision(), false, event.SerializeAsString()});
    }
    const Replayed again = Replay(history, {}).value();
    EXPECT_EQ(again.state.Serialize(), replayed.state.Serialize());
    EXPECT_THAT(again.findings, IsEmpty());
  }

  static ReplayOptions Skip(std::set<std::int64_t> revisions) {
    ReplayOptions options;
    options.skip = std::move(revisions);
    options.repair = true;
    return options;
  }

  static v1::Phase PhaseOf(const Replayed& replayed, const std::string& id) {
    const auto found = replayed.ended.find(id);
    return found == replayed.ended.end() ? v1::PHASE_UNSPECIFIED : found->second->job().status().phase();
  }

  MemoryDisk disk_;
  MemoryJournal journal_{disk_};
  JournaledState state_{journal_};
};

TEST_F(HistoryTest, GivesTheStateAndTheJobsThatEnded) {
  const Replayed replayed = Replay(Whole(), {}).value();
  EXPECT_EQ(replayed.state.Serialize(), state_.state().Serialize());
  EXPECT_EQ(PhaseOf(replayed, "j-a"), v1::PHASE_SUCCEEDED);
  EXPECT_EQ(PhaseOf(replayed, "j-b"), v1::PHASE_SUCCEEDED);
  EXPECT_EQ(replayed.events.size(), 7u);
}

TEST_F(HistoryTest, SaysWhichEventDoesNotFitAndWhatHelps) {
  History history = Whole();
  history.events.erase(history.events.begin() + 4);
  ReplayOptions options;
  options.directory = "/data";
  const absl::Status status = Replay(history, options).status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr("event 6 (attempt_placed { job_id: \"j-b\""));
  EXPECT_THAT(message, HasSubstr("it follows revision 4"));
  EXPECT_THAT(message, HasSubstr("check --data-dir /data"));
  EXPECT_THAT(message, HasSubstr("repair --data-dir /data --skip 6"));
}

TEST_F(HistoryTest, EndsTheJobOfASkippedEventAndGoesOnWithTheOthers) {
  const Replayed replayed = Replay(Whole(), Skip({4})).value();
  EXPECT_EQ(PhaseOf(replayed, "j-a"), v1::PHASE_FAILED);
  EXPECT_EQ(replayed.ended.at("j-a")->job().status().reason(), v1::REASON_REPAIRED);
  EXPECT_EQ(replayed.ended.at("j-a")->revision(), 4);
  EXPECT_EQ(PhaseOf(replayed, "j-b"), v1::PHASE_SUCCEEDED);
  EXPECT_THAT(replayed.findings,
              ElementsAre(HasSubstr("event 4 (attempt_placed"), HasSubstr("event 5 (attempt_ended")));
  ExpectReplayable(replayed);
}

TEST_F(HistoryTest, EndsALiveAttemptSoThatItsSlotIsFree) {
  const Replayed replayed = Replay(Whole(), Skip({5})).value();
  EXPECT_EQ(PhaseOf(replayed, "j-a"), v1::PHASE_FAILED);
  EXPECT_EQ(replayed.ended.at("j-a")->attempts(0).summary().ended_at().seconds(), 1004);
  EXPECT_EQ(PhaseOf(replayed, "j-b"), v1::PHASE_SUCCEEDED);
  EXPECT_THAT(replayed.findings, ElementsAre(HasSubstr("event 5")));
  ExpectReplayable(replayed);
}

TEST_F(HistoryTest, CondemnsNoFilesOfAJobOfWhichAnEventWasTakenOut) {
  const std::string job = "j-cccccccccccc-aaaa";
  state_.Submit(job, "c");
  Condemn(job, "a1-s5");
  state_.Place(job, "w", 0);
  Condemn(job, "a1-s10");
  EXPECT_EQ(Replay(Whole(), Skip({})).value().state.condemned().size(), 2u);
  const Replayed replayed = Replay(Whole(), Skip({10})).value();
  EXPECT_THAT(replayed.state.condemned(), ElementsAre(Pair(job + "/checkpoints/a1-s5", job)));
  ExpectReplayable(replayed);
  History unreadable = Whole();
  unreadable.events[9] = {10, true, ""};
  EXPECT_EQ(Replay(unreadable, Skip({})).value().state.condemned().size(), 1u);
}

TEST_F(HistoryTest, DropsAJobWhoseSubmissionIsSkipped) {
  const Replayed replayed = Replay(Whole(), Skip({2})).value();
  EXPECT_EQ(PhaseOf(replayed, "j-a"), v1::PHASE_UNSPECIFIED);
  EXPECT_EQ(PhaseOf(replayed, "j-b"), v1::PHASE_SUCCEEDED);
  EXPECT_EQ(replayed.findings.size(), 3u);
  EXPECT_TRUE(replayed.events[1].has_event_dropped());
  EXPECT_THAT(replayed.events[1].event_dropped().event(), HasSubstr("job_submitted"));
  ExpectReplayable(replayed);
}

TEST_F(HistoryTest, GoesOnBehindEventsThatAreLostOrUnreadable) {
  History history = Whole();
  history.events[3] = {4, true, ""};
  history.events[6] = {7, false, "\xff"};
  const Replayed replayed = Replay(history, Skip({})).value();
  EXPECT_EQ(PhaseOf(replayed, "j-a"), v1::PHASE_FAILED) << "its end does not fit without its placement";
  EXPECT_NE(replayed.state.FindJob("j-b"), nullptr) << "whose end is lost";
  EXPECT_EQ(replayed.state.revision(), 7);
  ExpectReplayable(replayed);
}

TEST_F(HistoryTest, GoesOnFromASnapshot) {
  History history = Whole();
  const History before{0, "", {history.events.begin(), history.events.begin() + 4}};
  history.snapshot = Replay(before, {}).value().state.Serialize();
  history.revision = 4;
  history.events.erase(history.events.begin(), history.events.begin() + 4);
  EXPECT_EQ(Replay(history, {}).value().state.Serialize(), state_.state().Serialize());
}

}  // namespace
}  // namespace simclr::coordinator
