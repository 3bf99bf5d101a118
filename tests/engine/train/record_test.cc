#include "engine/train/record.h"

#include <cstdlib>
#include <new>

#include "gtest/gtest.h"

namespace {

// Allocations of this thread.
thread_local int allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace simclr::engine {
namespace {

StepOutcome Outcome() {
  StepOutcome outcome;
  outcome.loss = 5;
  outcome.contrast = {0.25, 0.5, 3};
  outcome.collapse = CollapseGauges{.positive_similarity = 0.75, .effective_rank = 12};
  return outcome;
}

TEST(Record, PutsEveryValueUnderItsName) {
  Measurements values;
  RecordOutcome(Outcome(), values);
  EXPECT_EQ(values[Measure::kLoss], 5);
  EXPECT_EQ(values[Measure::kContrastiveAccuracy], 0.25);
  EXPECT_EQ(values[Measure::kContrastiveAccuracyTop5], 0.5);
  EXPECT_EQ(values[Measure::kContrastiveEntropy], 3);
  EXPECT_EQ(values[Measure::kPositiveSimilarity], 0.75);
  EXPECT_EQ(values[Measure::kEffectiveRank], 12);
}

TEST(Record, LeavesOutTheCollapseGaugesOfAStepThatTookNone) {
  StepOutcome outcome = Outcome();
  outcome.collapse.reset();
  Measurements values;
  RecordOutcome(outcome, values);
  EXPECT_FALSE(values.Has(Measure::kPositiveSimilarity));
}

TEST(Record, CallsWhatIsInNoPartOther) {
  StepParts parts;
  parts.forward = absl::Seconds(2);
  parts.checkpoint = absl::Seconds(1);
  Measurements values;
  RecordTime(parts, absl::Seconds(4), values);
  EXPECT_DOUBLE_EQ(values[Measure::kSecondsOther], 1);
  EXPECT_DOUBLE_EQ(values[Measure::kSecondsStep], 4);
}

TEST(Record, AllocatesNothing) {
  const StepOutcome outcome = Outcome();
  const Batch batch;
  const at::Device device = at::kCPU;
  const int before = allocations;
  Measurements values;
  RecordOutcome(outcome, values);
  RecordBatch(batch, 4, values);
  RecordMemory(device, values);
  RecordTime(outcome.parts, absl::Seconds(1), values);
  EXPECT_EQ(allocations, before);
  EXPECT_GT(values[Measure::kMemoryBytes], 1e6);
}

}  // namespace
}  // namespace simclr::engine
