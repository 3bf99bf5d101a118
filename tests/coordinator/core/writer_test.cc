#include "coordinator/core/writer.h"

#include <gtest/gtest.h>

#include "common/job/proto_time.h"
#include "tests/support/test_events.h"
#include "tests/support/writer_test_base.h"

namespace simclr::coordinator {
namespace {

RequestRecord Request(const std::string& id) {
  RequestRecord request;
  request.method = "Submit";
  request.request_id = id;
  return request;
}

TEST_F(WriterTest, HasNothingToDoWhenNothingWaits) {
  EXPECT_FALSE(writer_.RunOnce());
  EXPECT_TRUE(journal_.appends.empty());
}

TEST_F(WriterTest, WritesWhatWaitsInOneAppend) {
  const Answer& first = AskToAdd(SubmittedEvent("j-1"));
  const Answer& second = Ask([](Decision& decision) {
    EXPECT_NE(decision.state().FindJob("j-1"), nullptr) << "what came before in the batch is seen";
    EXPECT_EQ(decision.base().FindJob("j-1"), nullptr);
    return decision.Add(PlacedEventOf("j-1", 1, {0}));
  });
  EXPECT_EQ(first, std::nullopt);
  EXPECT_TRUE(writer_.RunOnce());
  EXPECT_EQ(first, absl::OkStatus());
  EXPECT_EQ(second, absl::OkStatus());
  EXPECT_EQ(journal_.appends, std::vector<int>({2}));
  EXPECT_EQ(observer_.revisions, std::vector<std::int64_t>({1, 2}));
  EXPECT_EQ(applied_, 2u);
  EXPECT_EQ(disk_.events.at(0).actor(), "ann");
  EXPECT_TRUE(Has("j-1"));
  EXPECT_FALSE(writer_.RunOnce());
}

TEST_F(WriterTest, AnswersOnceTheChangeIsSeen) {
  bool seen = false;
  const absl::Status taken =
      writer_.Enqueue({"ann", [](Decision& decision) { return decision.Add(SubmittedEvent("j-1")); },
                       [&](const absl::Status& status) { seen = status.ok() && Has("j-1"); }, nullptr});
  ASSERT_TRUE(taken.ok());
  writer_.RunOnce();
  EXPECT_TRUE(seen);
}

TEST_F(WriterTest, WritesNothingForAnIntentThatChangesNothing) {
  const Answer& answer = Ask([](Decision&) { return absl::OkStatus(); });
  EXPECT_TRUE(writer_.RunOnce());
  EXPECT_EQ(answer, absl::OkStatus());
  EXPECT_TRUE(journal_.appends.empty());
}

TEST_F(WriterTest, TakesAtMostOneBatchAtATime) {
  for (int i = 1; i <= 6; ++i) AskToAdd(SubmittedEvent("j-" + std::to_string(i)));
  EXPECT_TRUE(writer_.RunOnce());
  EXPECT_EQ(answers_.at(3), absl::OkStatus());
  EXPECT_EQ(answers_.at(4), std::nullopt);
  EXPECT_TRUE(writer_.RunOnce());
  EXPECT_EQ(journal_.appends, std::vector<int>({4, 2}));
}

TEST_F(WriterTest, LeavesTheOthersOfABatchAloneWhenOneIsRefused) {
  AskToAdd(SubmittedEvent("j-1"));
  const Answer& refused = Ask([](Decision& decision) {
    EXPECT_TRUE(decision.Add(SubmittedEvent("j-2")).ok());
    decision.Remember(Request("r-2"));
    return absl::InvalidArgumentError("no");
  });
  const Answer& last = Ask([](Decision& decision) {
    EXPECT_EQ(decision.state().FindJob("j-2"), nullptr) << "nothing of a refused intent happens";
    return decision.Add(SubmittedEvent("j-3"));
  });
  writer_.RunOnce();
  EXPECT_EQ(refused, absl::InvalidArgumentError("no"));
  EXPECT_EQ(last, absl::OkStatus());
  EXPECT_TRUE(Has("j-1"));
  EXPECT_FALSE(Has("j-2"));
  EXPECT_TRUE(Has("j-3"));
  EXPECT_EQ(observer_.revisions, std::vector<std::int64_t>({1, 2})) << "revisions have no gap";
  EXPECT_TRUE(disk_.requests.empty());
  EXPECT_TRUE(observer_.refused.empty()) << "a refusal is no broken invariant";
}

TEST_F(WriterTest, TellsTheObserverOfABrokenInvariantAndWritesNothing) {
  const Answer& answer = Ask([](Decision& decision) {
    EXPECT_TRUE(decision.Add(SubmittedEvent("j-1")).ok());
    return decision.Add(SubmittedEvent("j-1"));
  });
  writer_.RunOnce();
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(absl::IsInternal(*answer)) << *answer;
  EXPECT_EQ(observer_.refused, std::vector<absl::Status>({*answer}));
  EXPECT_TRUE(journal_.appends.empty());
  EXPECT_EQ(died_, std::nullopt);
  ExpectNothingWritten();
}

TEST_F(WriterTest, DropsAnIntentWhoseCallerIsGoneUndecided) {
  bool is_gone = false;
  bool decided = false;
  const Answer& answer = Ask(
      [&](Decision& decision) {
        decided = true;
        return decision.Add(SubmittedEvent("j-1"));
      },
      [&] { return is_gone; });
  const Answer& stays =
      Ask([](Decision& decision) { return decision.Add(SubmittedEvent("j-2")); }, [] { return false; });
  is_gone = true;
  writer_.RunOnce();
  EXPECT_FALSE(decided);
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(absl::IsCancelled(*answer)) << *answer;
  EXPECT_EQ(stays, absl::OkStatus());
  EXPECT_FALSE(Has("j-1"));
}

TEST_F(WriterTest, RefusesWhatIsBeyondTheLimitAndNeverCallsBack) {
  for (int i = 1; i <= 6; ++i) AskToAdd(SubmittedEvent("j-" + std::to_string(i)));
  const auto enqueue = [this] {
    return writer_.Enqueue({"ann", [](Decision&) { return absl::OkStatus(); },
                            [](const absl::Status&) { ADD_FAILURE() << "was not taken"; }, nullptr});
  };
  EXPECT_TRUE(absl::IsResourceExhausted(enqueue()));
  writer_.RunOnce();
  AskToAdd(SubmittedEvent("j-7"));
  writer_.Close();
  EXPECT_TRUE(absl::IsUnavailable(enqueue()));
  EXPECT_TRUE(writer_.RunOnce()) << "what waits is still run";
  EXPECT_TRUE(Has("j-7"));
  EXPECT_FALSE(writer_.RunOnce());
}

TEST_F(WriterTest, AnswersTheWholeBatchWithTheJournalsRefusalAndAppliesNothing) {
  for (const absl::Status& failure :
       {absl::ResourceExhaustedError("the disk is full"), absl::UnavailableError("locked")}) {
    disk_.failure = failure;
    const Answer& first = AskToAdd(SubmittedEvent("j-1"));
    const Answer& refused = Ask([](Decision&) { return absl::NotFoundError("no such job"); });
    const Answer& second = Ask([](Decision& decision) {
      decision.Remember(Request("r-1"));
      return decision.Add(SubmittedEvent("j-2"));
    });
    writer_.RunOnce();
    EXPECT_EQ(first, failure);
    EXPECT_EQ(second, failure);
    EXPECT_EQ(refused, absl::NotFoundError("no such job")) << "its own refusal says more";
    EXPECT_EQ(observer_.failed.back(), failure);
    ExpectNothingWritten();
  }
  EXPECT_EQ(observer_.failed.size(), 2u);
  EXPECT_EQ(died_, std::nullopt) << "training goes on";

  disk_.failure = absl::OkStatus();
  const Answer& again = AskToAdd(SubmittedEvent("j-1"));
  writer_.RunOnce();
  EXPECT_EQ(again, absl::OkStatus());
  EXPECT_EQ(observer_.revisions, std::vector<std::int64_t>({1}));
}

TEST_F(WriterTest, DiesWhenItIsNotKnownWhetherABatchIsDurable) {
  disk_.failure = absl::DataLossError("I/O error");
  AskToAdd(SubmittedEvent("j-1"));
  writer_.RunOnce();
  EXPECT_EQ(died_, disk_.failure);
  EXPECT_EQ(observer_.failed, std::vector<absl::Status>({disk_.failure}));
  ExpectNothingWritten();
}

TEST_F(WriterTest, LeavesWhatComesWhileABatchIsDecidedToTheNextOne) {
  Ask([this](Decision& decision) {
    AskToAdd(SubmittedEvent("j-2"));
    return decision.Add(SubmittedEvent("j-1"));
  });
  EXPECT_TRUE(writer_.RunOnce());
  EXPECT_EQ(answers_.at(0), absl::OkStatus());
  EXPECT_EQ(answers_.at(1), std::nullopt);
  EXPECT_FALSE(Has("j-2"));
  EXPECT_TRUE(writer_.RunOnce());
  EXPECT_EQ(answers_.at(1), absl::OkStatus());
  EXPECT_EQ(journal_.appends, std::vector<int>({1, 1}));
}

TEST_F(WriterTest, FindsRequestsOfTheSameBatchAndOfBefore) {
  const auto find = [](std::optional<RequestRecord>& found, const std::string& method = "Submit") {
    return [&found, method](Decision& decision) {
      const auto request = decision.FindRequest(method, "r-1");
      if (request.ok()) found = *request;
      return request.status();
    };
  };
  std::optional<RequestRecord> before, same_batch, of_another, of_another_method, next_batch;
  Ask(find(before));
  Ask([](Decision& decision) {
    RequestRecord request = Request("r-1");
    request.job_id = "j-1";
    decision.Remember(request);
    return decision.Add(SubmittedEvent("j-1"));
  });
  Ask(find(same_batch));
  Ask(find(of_another), nullptr, "bob");
  clock_.Advance(absl::Seconds(7));
  writer_.RunOnce();
  Ask(find(next_batch));
  Ask(find(of_another_method, "Cancel"));
  writer_.RunOnce();

  EXPECT_EQ(before, std::nullopt) << "it came before";
  ASSERT_TRUE(same_batch.has_value());
  EXPECT_EQ(same_batch->job_id, "j-1");
  EXPECT_EQ(same_batch->principal, "ann");
  EXPECT_EQ(same_batch->at, absl::Seconds(7)) << "service time";
  EXPECT_EQ(of_another, std::nullopt);
  EXPECT_EQ(of_another_method, std::nullopt);
  ASSERT_TRUE(next_batch.has_value());
  EXPECT_EQ(next_batch->job_id, "j-1");
}

TEST_F(WriterTest, StampsNothingEarlierThanWhatCameBefore) {
  AskToAdd(SubmittedEvent("j-1"));
  writer_.RunOnce();
  clock_.JumpWall(-absl::Hours(1));
  clock_.Advance(absl::Seconds(1));
  AskToAdd(SubmittedEvent("j-2"));
  writer_.RunOnce();
  clock_.JumpWall(absl::Hours(2));
  AskToAdd(SubmittedEvent("j-3"));
  writer_.RunOnce();
  ASSERT_EQ(disk_.events.size(), 3u);
  const absl::Time first = FromProto(disk_.events[0].at());
  EXPECT_EQ(FromProto(disk_.events[1].at()), first) << "the wall clock went back, the stamps did not";
  EXPECT_EQ(FromProto(disk_.events[1].service_time()), absl::Seconds(1));
  EXPECT_EQ(FromProto(disk_.events[2].at()), first + absl::Hours(1) + absl::Seconds(1));
}

TEST_F(WriterTest, HandsJobsThatEndToTheJournal) {
  AskToAdd(SubmittedEvent("j-1"));
  AskToAdd(SubmittedEvent("j-2"));
  AskToAdd(JobEndedEvent("j-1", v1::PHASE_CANCELLED));
  writer_.RunOnce();
  ASSERT_EQ(disk_.ended.size(), 1u);
  EXPECT_EQ(disk_.ended.begin()->second->job().id(), "j-1");
  EXPECT_FALSE(Has("j-1")) << "it is a row now";
  EXPECT_TRUE(Has("j-2"));
}

TEST_F(WriterTest, WritesDecisionsThatNobodyWaitsForAsABatchOfTheirOwn) {
  AskToAdd(SubmittedEvent("j-9"));
  const auto decide = [](Decision& decision) {
    EXPECT_TRUE(decision.Add(SubmittedEvent("j-1")).ok());
    EXPECT_FALSE(decision.Add(SubmittedEvent("j-1")).ok()) << "left out";
    EXPECT_TRUE(decision.Add(SubmittedEvent("j-2")).ok());
  };
  disk_.failure = absl::UnavailableError("locked");
  EXPECT_EQ(writer_.Write("coordinator", decide), disk_.failure);
  ExpectNothingWritten();
  disk_.failure = absl::OkStatus();
  EXPECT_TRUE(writer_.Write("coordinator", decide).ok());
  EXPECT_EQ(journal_.appends, std::vector<int>({2, 2}));
  EXPECT_EQ(disk_.events.at(0).actor(), "coordinator");
  EXPECT_TRUE(Has("j-2"));
  EXPECT_EQ(answers_.at(0), std::nullopt) << "what waits goes on waiting";
}

TEST_F(WriterTest, WaitsForNothingWhereSomethingIsThere) {
  writer_.Wake();
  writer_.Await(absl::InfiniteDuration());
  AskToAdd(SubmittedEvent("j-1"));
  writer_.Await(absl::InfiniteDuration());
  writer_.RunOnce();
  writer_.Close();
  writer_.Await(absl::InfiniteDuration());
}

}  // namespace
}  // namespace simclr::coordinator
