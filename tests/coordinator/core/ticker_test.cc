#include "coordinator/core/ticker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "common/base/ids.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_journal.h"
#include "tests/support/test_events.h"

namespace simclr::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Each look at it takes `cost`.
class CostlyClock : public FakeClock {
 public:
  absl::Duration Monotonic() const override {
    passed_ += cost;
    return FakeClock::Monotonic() + passed_;
  }

  absl::Duration cost;

 private:
  mutable absl::Duration passed_;
};

class TickObserver : public CoordinatorObserver {
 public:
  void OnInvariantRefused(const absl::Status& status) override { ADD_FAILURE() << status; }
  void OnScheduled(absl::Duration) override { ++passes; }
  void OnTick(absl::Duration) override { ++ticks; }
  void OnSlotsHeld(v1::JobKind, absl::Duration slot_time) override { held += slot_time; }

  int passes = 0, ticks = 0;
  absl::Duration held;
};

// A ticker whose slices are written at once, under a clock that is moved.
class TickerTest : public ::testing::Test {
 protected:
  TickerTest() {
    TickerOptions options;
    options.random = [this] { return ++dice_; };
    ticker_.emplace(options, service_clock_, observations_, observer_);
  }

  using Decide = std::function<void(Decision&)>;

  // The events of a batch, which is durable at once.
  std::vector<v1::Event> Write(const Decide& decide) {
    const Moment now = service_clock_.Now();
    Overlay overlay(state_, {now.wall, now.service});
    Decision decision(state_, overlay, {}, journal_, now, "coordinator");
    decide(decision);
    std::vector<v1::Event> events;
    for (const CheckedEvent& checked : overlay.events()) {
      state_.Merge(checked.change);
      events.push_back(checked.event);
    }
    ticker_->OnApplied(state_, overlay.events());
    return events;
  }
  void Apply(const v1::Event& event) {
    Write([&](Decision& decision) { ASSERT_TRUE(decision.Add(event).ok()); });
  }
  std::vector<v1::Event> Slice() {
    return Write([this](Decision& decision) { ticker_->Slice(decision); });
  }
  // All slices that are due now.
  std::vector<v1::Event> Tick() {
    std::vector<v1::Event> all;
    do {
      for (v1::Event& event : Slice()) all.push_back(std::move(event));
    } while (ticker_->in_tick());
    return all;
  }
  absl::Duration UntilNextSlice() { return ticker_->NextSlice() - clock_.Monotonic(); }

  // A worker with sound slots registers, and is heard.
  void Register(const std::string& name, int slots) {
    v1::Event event = WorkerRegisteredEvent(name, 1, slots);
    for (v1::Slot& slot : *event.mutable_worker_registered()->mutable_worker()->mutable_slots()) {
      slot.set_device(v1::DEVICE_CPU);
      slot.set_usable(true);
    }
    Apply(event);
    Beat(name);
  }
  void Beat(const std::string& name) {
    v1::Observed observed;
    observed.set_worker(name);
    observed.set_nonce(101);
    observed.set_sequence(++sequence_);
    observations_.Record(observed, service_clock_.Now());
  }

  v1::Phase PhaseOf(const std::string& id) { return state_.FindJob(id)->job().status().phase(); }

  CostlyClock clock_;
  const ServiceClock service_clock_{clock_, absl::ZeroDuration()};
  ClusterState state_;
  MemoryDisk disk_;
  MemoryJournal journal_{disk_};
  Observations observations_{clock_.Monotonic()};
  TickObserver observer_;
  std::uint64_t dice_ = 0;
  std::int64_t sequence_ = 0;
  std::optional<Ticker> ticker_;
};

std::vector<std::string> Kinds(const std::vector<v1::Event>& events) {
  std::vector<std::string> kinds;
  for (const v1::Event& event : events) {
    const int number = static_cast<int>(event.change_case());
    kinds.push_back(v1::Event::descriptor()->FindFieldByNumber(number)->name());
  }
  return kinds;
}

TEST_F(TickerTest, PlacesAQueuedJobWhereSlotsAreFree) {
  Register("worker-1", 2);
  Apply(SubmittedEvent("j-1", 2));
  const std::vector<v1::Event> events = Tick();
  ASSERT_THAT(Kinds(events), ElementsAre("attempt_placed"));
  EXPECT_EQ(events[0].attempt_placed().nonce(), HexId(1));
  EXPECT_EQ(events[0].attempt_placed().ranks_size(), 2);
  EXPECT_EQ(PhaseOf("j-1"), v1::PHASE_STARTING);
  EXPECT_THAT(Tick(), IsEmpty());
}

TEST_F(TickerTest, SaysOnceWhyAJobWaits) {
  Register("worker-1", 2);
  Apply(SubmittedEvent("j-1", 4));
  const std::vector<v1::Event> events = Tick();
  ASSERT_THAT(Kinds(events), ElementsAre("job_waits"));
  EXPECT_EQ(events[0].job_waits().reason(), v1::REASON_NO_SUCH_CAPACITY);
  clock_.Advance(absl::Seconds(2));
  Beat("worker-1");
  EXPECT_THAT(Tick(), IsEmpty());
  Register("worker-2", 2);
  EXPECT_THAT(Kinds(Tick()), ElementsAre("attempt_placed")) << "it fits on both";
}

TEST_F(TickerTest, TellsPeopleWhatAJobWaitsFor) {
  Register("worker-1", 2);
  Apply(SubmittedEvent("j-1", 4));
  EXPECT_EQ(ticker_->WaitsFor(*state_.FindJob("j-1")), "") << "nobody looked yet";
  Tick();
  EXPECT_EQ(ticker_->WaitsFor(*state_.FindJob("j-1")), "needs 4 cpu slots, 2 free of 2");
  Apply(WorkerGoneEvent("worker-1"));
  Tick();
  EXPECT_THAT(ticker_->WaitsFor(*state_.FindJob("j-1")), HasSubstr("0 free of 0; lost: worker-1"));
}

TEST_F(TickerTest, SleepsUntilSomethingIsDue) {
  Register("worker-1", 1);
  Tick();
  EXPECT_EQ(UntilNextSlice(), absl::Seconds(1)) << "then the worker is looked at again";
  Apply(SubmittedEvent("j-1"));
  EXPECT_EQ(UntilNextSlice(), absl::Milliseconds(50)) << "what comes meanwhile is looked at together";
  clock_.Advance(absl::Milliseconds(80));
  EXPECT_LE(UntilNextSlice(), absl::ZeroDuration());
}

TEST_F(TickerTest, GoesOnInTheNextSliceWhereTimeIsOver) {
  Register("worker-1", 6);
  for (int i = 1; i <= 6; ++i) Apply(SubmittedEvent("j-" + std::to_string(i)));
  clock_.cost = absl::Milliseconds(3);
  int slices = 0, placed = 0;
  do {
    placed += static_cast<int>(Slice().size());
    ++slices;
    EXPECT_EQ(ticker_->NextSlice() == -absl::InfiniteDuration(), ticker_->in_tick());
  } while (ticker_->in_tick() && slices < 100);
  EXPECT_GT(slices, 3);
  EXPECT_EQ(placed, 6);
  EXPECT_EQ(observer_.ticks, 1);
}

TEST_F(TickerTest, PlansTheQueueOnlyWhenSomethingChangedOrAfterAWhile) {
  Register("worker-1", 1);
  Apply(SubmittedEvent("j-1", 2));
  Tick();
  const int passes = observer_.passes;
  for (int second = 0; second < 9; ++second) {
    clock_.Advance(absl::Seconds(1));
    Beat("worker-1");
    Tick();
  }
  EXPECT_EQ(observer_.passes, passes);
  clock_.Advance(absl::Seconds(1));
  Beat("worker-1");
  Tick();
  EXPECT_EQ(observer_.passes, passes + 1);
}

TEST_F(TickerTest, EndsTheAttemptOfAWorkerThatIsSilent) {
  Register("worker-1", 1);
  Apply(SubmittedEvent("j-1"));
  Tick();
  clock_.Advance(absl::Minutes(1));
  EXPECT_THAT(Kinds(Tick()), ElementsAre("worker_gone", "attempt_ended"));
  EXPECT_EQ(PhaseOf("j-1"), v1::PHASE_QUEUED);
  EXPECT_TRUE(state_.allocations().empty());
}

TEST_F(TickerTest, GivesNothingToAWorkerThatIsSilentForAMoment) {
  Register("worker-1", 1);
  clock_.Advance(absl::Seconds(6));
  Apply(SubmittedEvent("j-1"));
  EXPECT_THAT(Kinds(Tick()), ElementsAre("job_waits"));
  Beat("worker-1");
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Kinds(Tick()), ElementsAre("attempt_placed")) << "it is looked at again by itself";
}

TEST_F(TickerTest, TriesAJobAgainWhenItsBackoffIsOver) {
  Register("worker-1", 1);
  Apply(SubmittedEvent("j-1"));
  Tick();
  v1::Event ended = AttemptEndedEvent("j-1", 1, v1::PHASE_QUEUED);
  ended.mutable_attempt_ended()->mutable_wait()->set_seconds(30);
  Apply(ended);
  clock_.Advance(absl::Seconds(29));
  Beat("worker-1");
  EXPECT_THAT(Tick(), IsEmpty());
  EXPECT_LE(UntilNextSlice(), absl::Seconds(1));
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Kinds(Tick()), ElementsAre("attempt_placed"));
}

TEST_F(TickerTest, QueuesAJobWhenTheOneThatItComesAfterHasSucceeded) {
  Register("worker-1", 1);
  Apply(SubmittedEvent("j-1"));
  Apply(SubmittedAfterEvent("j-2", "j-1"));
  EXPECT_THAT(Kinds(Tick()), ElementsAre("attempt_placed"));
  EXPECT_EQ(PhaseOf("j-2"), v1::PHASE_BLOCKED);
  Apply(AttemptEndedEvent("j-1", 1, v1::PHASE_SUCCEEDED));
  EXPECT_THAT(Kinds(Tick()), ElementsAre("job_queued", "attempt_placed"));
  EXPECT_EQ(PhaseOf("j-2"), v1::PHASE_STARTING);
}

TEST_F(TickerTest, LooksAtEverythingAgainASecondAfterASliceThatWasNotWritten) {
  Register("worker-1", 1);
  Apply(SubmittedEvent("j-1"));
  {
    const Moment now = service_clock_.Now();
    Overlay overlay(state_, {now.wall, now.service});
    Decision decision(state_, overlay, {}, journal_, now, "coordinator");
    ticker_->Slice(decision);
    EXPECT_EQ(overlay.events().size(), 1u);
  }
  ticker_->Abandon(state_);
  EXPECT_FALSE(ticker_->in_tick());
  EXPECT_GE(UntilNextSlice(), absl::Seconds(1));
  EXPECT_EQ(PhaseOf("j-1"), v1::PHASE_QUEUED);
  EXPECT_THAT(Kinds(Tick()), ElementsAre("attempt_placed")) << "its slot is free again";
}

TEST_F(TickerTest, LooksAtAllThatIsThereAtAStart) {
  Register("worker-1", 1);
  Apply(SubmittedEvent("j-1"));
  TickerOptions options;
  options.random = [] { return 7; };
  ticker_.emplace(options, service_clock_, observations_, observer_);
  ticker_->Rebuild(state_);
  EXPECT_THAT(Kinds(Tick()), ElementsAre("attempt_placed"));
}

TEST_F(TickerTest, CountsTheTimeThatSlotsAreHeld) {
  Register("worker-1", 2);
  Apply(SubmittedEvent("j-1", 2));
  clock_.Advance(absl::Seconds(4));
  Tick();
  EXPECT_EQ(observer_.held, absl::ZeroDuration());
  clock_.Advance(absl::Seconds(3));
  Tick();
  EXPECT_EQ(observer_.held, absl::Seconds(6));
}

}  // namespace
}  // namespace simclr::coordinator
