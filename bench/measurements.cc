// What measuring costs inside a step: training steps (forward, NT-Xent, backward, LARS) with the contrastive
// metrics, the collapse gauges in every 25th, the memory reading and the filling of the report, against steps
// without these, one by one in turns, so that a busy machine slows both alike. Not in it: the clock readings
// of the step's parts, which both kinds of step take (on a GPU they wait for the stream), and what the
// observer does with a report. Prints the ratio of the two, by wall clock and by processor time of the
// process.

#include <ctime>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "bench/bench_step.h"
#include "common/base/clock.h"
#include "engine/train/record.h"
#include "engine/train/train_observer.h"

namespace simclr::engine {
namespace {

double ProcessorSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Sums over the steps of one kind.
struct Cost {
  double wall = 0, processor = 0;
  std::vector<double> each;  // processor time of a step

  double Median() {
    std::nth_element(each.begin(), each.begin() + each.size() / 2, each.end());
    return each[each.size() / 2];
  }
};

class Bench {
 public:
  explicit Bench(const BenchShape& shape) : step_(shape) {}

  void Off() {
    step_.ForwardBackward({.contrast = false, .collapse = false});
    step_.Update();
  }

  // As Pretrainer does it.
  void On(bool collapse) {
    const absl::Duration begin = RealClock().Monotonic();
    const StepOutcome outcome = step_.ForwardBackward({.contrast = true, .collapse = collapse});
    step_.Update();
    StepReport report;
    RecordOutcome(outcome, report.values);
    RecordBatch(Batch(), 4, report.values);
    RecordMemory(at::kCPU, report.values);
    RecordTime(outcome.parts, RealClock().Monotonic() - begin, report.values);
    observer_.OnStep(report);  // does nothing
  }

  template <typename Step>
  static void Measure(Cost& cost, const Step& step) {
    const absl::Duration wall = RealClock().Monotonic();
    const double processor = ProcessorSeconds();
    step();
    cost.each.push_back(ProcessorSeconds() - processor);
    cost.processor += cost.each.back();
    cost.wall += absl::ToDoubleSeconds(RealClock().Monotonic() - wall);
  }

 private:
  BenchStep step_;
  TrainObserver observer_;
};

void Compare(const BenchShape& shape) {
  Bench bench(shape);
  bench.Off();
  Cost on, off;
  for (int i = 0; i < shape.steps; ++i) {
    const auto with = [&] { Bench::Measure(on, [&] { bench.On(i % 25 == 0); }); };
    const auto without = [&] { Bench::Measure(off, [&] { bench.Off(); }); };
    i % 2 == 0 ? with() : without();
    i % 2 == 0 ? without() : with();
  }
  std::printf("%d steps each, batch %d: off %.2f ms, on %.2f ms a step (median processor time)\n",
              shape.steps, shape.batch, 1e3 * off.Median(), 1e3 * on.Median());
  std::printf("on / off: %.4f by processor time, %.4f by wall clock, %.4f median\n",
              on.processor / off.processor, on.wall / off.wall, on.Median() / off.Median());
}

}  // namespace
}  // namespace simclr::engine

// measurements [WIDTH BATCH IMAGE_SIZE THREADS STEPS], with so many steps of either kind
int main(int argc, char** argv) {
  simclr::engine::Compare(simclr::engine::ReadShape(argc, argv, {.steps = 100}));
}
