#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/core/writer.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_journal.h"

namespace simclr::coordinator {

// Counts what is appended. `shared` must be free meanwhile, for readers.
class CountingJournal : public MemoryJournal {
 public:
  CountingJournal(MemoryDisk& disk, SharedState& shared) : MemoryJournal(disk), shared_(shared) {}

  absl::Status Append(const JournalBatch& batch) override {
    appends.push_back(static_cast<int>(batch.events.size()));
    const bool is_free = shared_.mutex.TryLock();
    if (is_free) shared_.mutex.Unlock();
    EXPECT_TRUE(is_free) << "readers wait for the disk";
    return MemoryJournal::Append(batch);
  }

  std::vector<int> appends;  // numbers of their events

 private:
  SharedState& shared_;
};

class RecordingObserver : public CoordinatorObserver {
 public:
  void OnEvent(const v1::Event& event, const v1::JobRecord*, const PhaseSpan&) override {
    revisions.push_back(event.revision());
  }
  void OnCommitFailed(const absl::Status& status) override { failed.push_back(status); }
  void OnInvariantRefused(const absl::Status& status) override { refused.push_back(status); }

  std::vector<std::int64_t> revisions;
  std::vector<absl::Status> failed;
  std::vector<absl::Status> refused;
};

using Answer = std::optional<absl::Status>;  // to an intent; none: not answered yet

// A writer on a memory journal under a fake clock, run by hand, and what becomes of what it is asked.
class WriterTest : public testing::Test {
 protected:
  WriterOptions Options() {
    WriterOptions options;
    options.max_batch = 4;
    options.max_waiting = 6;
    options.die = [this](const absl::Status& status) { died_ = status; };
    return options;
  }

  Answer& Ask(std::function<absl::Status(Decision&)> decide, std::function<bool()> gone = nullptr,
              const std::string& actor = "ann") {
    Answer& answer = answers_.emplace_back();
    const auto done = [&answer](const absl::Status& status) {
      EXPECT_FALSE(answer.has_value()) << "answered twice";
      answer = status;
    };
    const absl::Status taken = writer_.Enqueue({actor, std::move(decide), done, std::move(gone)});
    EXPECT_TRUE(taken.ok()) << taken;
    return answer;
  }
  Answer& AskToAdd(const v1::Event& event) {
    return Ask([event](Decision& decision) { return decision.Add(event); });
  }

  bool Has(const std::string& job) {
    absl::ReaderMutexLock lock(&shared_.mutex);
    return shared_.state.FindJob(job) != nullptr;
  }
  void ExpectNothingWritten() {
    EXPECT_TRUE(disk_.events.empty());
    EXPECT_TRUE(disk_.requests.empty());
    EXPECT_TRUE(observer_.revisions.empty());
    EXPECT_EQ(applied_, 0u);
    absl::ReaderMutexLock lock(&shared_.mutex);
    EXPECT_EQ(shared_.state.revision(), 0);
  }

  std::deque<Answer> answers_;
  FakeClock clock_;
  const ServiceClock service_clock_{clock_, absl::ZeroDuration()};
  MemoryDisk disk_;
  SharedState shared_;
  CountingJournal journal_{disk_, shared_};
  RecordingObserver observer_;
  Answer died_;
  std::size_t applied_ = 0;
  Writer writer_{Options(), service_clock_,
                 journal_,  shared_,
                 observer_, [this](const std::vector<CheckedEvent>& events) { applied_ += events.size(); }};
};

}  // namespace simclr::coordinator
