#include "coordinator/streams/log_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kLong = absl::Seconds(30);

v1::LogWanted Wanted(std::int64_t offset = 0) {
  v1::LogWanted wanted;
  wanted.set_job_id("j-1");
  wanted.set_offset(offset);
  return wanted;
}

// An agent that answers at once, with the offset that was asked for.
class Echo {
 public:
  Echo(LogRequests& requests, const std::string& worker) : requests_(requests) {
    connection_ = requests_.Connect(worker, [this](const v1::LogWanted& wanted) {
      v1::LogPiece piece;
      piece.set_id(wanted.id());
      piece.set_offset(wanted.offset());
      piece.set_missing(missing);
      requests_.Answer(connection_, piece);
    });
  }
  bool missing = false;

 private:
  LogRequests& requests_;
  std::int64_t connection_ = 0;
};

TEST(LogRequests, HandsEachAnswerToWhoAskedForIt) {
  LogRequests requests;
  std::vector<v1::LogWanted> asked;
  absl::Mutex mutex;
  const std::int64_t agent = requests.Connect("w", [&](const v1::LogWanted& wanted) {
    absl::MutexLock lock(&mutex);
    asked.push_back(wanted);
  });
  absl::StatusOr<v1::LogPiece> first, second;
  std::jthread one([&] { first = requests.Ask("w", Wanted(1), kLong); });
  std::jthread two([&] { second = requests.Ask("w", Wanted(2), kLong); });
  {
    absl::MutexLock lock(&mutex);
    const auto both = [&asked] { return asked.size() == 2; };
    ASSERT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&both), kLong));
    for (auto wanted = asked.rbegin(); wanted != asked.rend(); ++wanted) {
      v1::LogPiece piece;
      piece.set_id(wanted->id());
      piece.set_offset(wanted->offset());
      requests.Answer(agent, piece);
    }
  }
  one.join();
  two.join();
  EXPECT_EQ(first.value().offset(), 1);
  EXPECT_EQ(second.value().offset(), 2);
}

TEST(LogRequests, SaysWhyThereIsNoAnswer) {
  LogRequests requests;
  EXPECT_THAT(std::string(requests.Ask("w", Wanted(), kLong).status().message()),
              HasSubstr("on worker w, which is not connected"));
  requests.Connect("w", [](const v1::LogWanted&) {});
  EXPECT_THAT(std::string(requests.Ask("w", Wanted(), absl::Milliseconds(1)).status().message()),
              HasSubstr("gave no answer within 1ms"));
  Echo agent(requests, "w");
  agent.missing = true;
  EXPECT_TRUE(absl::IsNotFound(requests.Ask("w", Wanted(), kLong).status()));
}

TEST(LogRequests, LetsOnlySoManyAskOneAgent) {
  LogRequests requests;
  int asked = 0;
  absl::Status one_too_many;
  requests.Connect("w", [&](const v1::LogWanted&) {
    // Each question is open while the next one is asked.
    ++asked;
    const absl::Status next = requests.Ask("w", Wanted(), absl::ZeroDuration()).status();
    if (asked == LogRequests::kMaxQuestions && one_too_many.ok()) one_too_many = next;
  });
  EXPECT_FALSE(requests.Ask("w", Wanted(), absl::ZeroDuration()).ok());
  EXPECT_EQ(asked, LogRequests::kMaxQuestions);
  EXPECT_TRUE(absl::IsUnavailable(one_too_many));
  EXPECT_THAT(std::string(one_too_many.message()), HasSubstr("too many readers at once"));
  const Echo agent(requests, "w");
  EXPECT_TRUE(requests.Ask("w", Wanted(), kLong).ok());
}

TEST(LogRequests, FailsWhatIsUnderWayWhereTheConnectionEnds) {
  LogRequests requests;
  std::int64_t connection = 0;
  connection = requests.Connect("w", [&](const v1::LogWanted&) { requests.Disconnect("w", connection); });
  EXPECT_THAT(std::string(requests.Ask("w", Wanted(), kLong).status().message()),
              HasSubstr("lost its connection"));
}

TEST(LogRequests, ALaterConnectionTakesThePlaceOfAnEarlierOneWhoseEndChangesNothing) {
  LogRequests requests;
  const std::int64_t old = requests.Connect("w", [](const v1::LogWanted&) {});
  const Echo agent(requests, "w");
  requests.Disconnect("w", old);
  EXPECT_EQ(requests.Ask("w", Wanted(7), kLong).value().offset(), 7);
}

TEST(LogRequests, TakesNoAnswerOfAnotherConnection) {
  LogRequests requests;
  const std::int64_t other = requests.Connect("other", [](const v1::LogWanted&) {});
  requests.Connect("w", [&](const v1::LogWanted& wanted) {
    v1::LogPiece forged;
    forged.set_id(wanted.id());
    requests.Answer(other, forged);
  });
  EXPECT_TRUE(absl::IsUnavailable(requests.Ask("w", Wanted(), absl::Milliseconds(1)).status()));
}

}  // namespace
}  // namespace simclr::coordinator
