// What measuring costs inside a step: training steps (forward, NT-Xent, backward, LARS) with the contrastive
// metrics, the collapse gauges in every 25th, the memory reading and the filling of the report, against steps
// without these, one by one in turns, so that a busy machine slows both alike. Not in it: the clock readings
// of the step's parts, which both kinds of step take (on a GPU they wait for the stream), and what the
// observer does with a report. Prints the ratio of the two, by wall clock and by processor time of the
// process.

#include <ctime>

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "common/base/clock.h"
#include "engine/model/simclr_model.h"
#include "engine/optim/optimizer.h"
#include "engine/train/record.h"
#include "engine/train/train_observer.h"
#include "engine/train/train_step.h"

namespace simclr::engine {
namespace {

struct Shape {
  double width = 0.25;
  int batch = 64;  // images; two views each
  int image_size = 32;
  int threads = 1;
  int pairs = 100;  // steps of either kind
};

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
  Bench(const Shape& shape, SimclrModel& model, Optimizer& optimizer, Collective& alone)
      : step_(model, optimizer, alone, alone, 0.5, Precision::kFp32, at::kCPU),
        views_(at::rand({2 * shape.batch, 3, shape.image_size, shape.image_size})
                   .contiguous(at::MemoryFormat::ChannelsLast)) {}

  void Off() {
    step_.ForwardBackward(views_, {.contrast = false, .collapse = false});
    step_.Update(0.1);
  }

  // As Pretrainer does it.
  void On(bool collapse) {
    const absl::Duration begin = RealClock().Monotonic();
    const StepOutcome outcome = step_.ForwardBackward(views_, {.contrast = true, .collapse = collapse});
    step_.Update(0.1);
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
  TrainStep step_;
  const at::Tensor views_;
  TrainObserver observer_;
};

int Compare(const Shape& shape) {
  at::set_num_threads(shape.threads);
  at::manual_seed(1);
  ModelConfig config;
  config.encoder = "resnet18";
  config.width = shape.width;
  config.stem = Stem::kCifar;
  const std::unique_ptr<Collective> alone = MakeLocalCollective();
  auto model = SimclrModel::Create(config, 1, alone.get());
  if (!model.ok()) {
    std::fprintf(stderr, "%s\n", model.status().ToString().c_str());
    return 1;
  }
  (*model)->To(at::kCPU, at::kFloat);
  const std::unique_ptr<Optimizer> optimizer = MakeOptimizer(OptimizerConfig(), (*model)->Parameters());
  Bench bench(shape, **model, *optimizer, *alone);
  bench.Off();
  Cost on, off;
  for (int i = 0; i < shape.pairs; ++i) {
    const auto with = [&] { Bench::Measure(on, [&] { bench.On(i % 25 == 0); }); };
    const auto without = [&] { Bench::Measure(off, [&] { bench.Off(); }); };
    i % 2 == 0 ? with() : without();
    i % 2 == 0 ? without() : with();
  }
  std::printf("%d steps each, batch %d: off %.2f ms, on %.2f ms a step (median processor time)\n",
              shape.pairs, shape.batch, 1e3 * off.Median(), 1e3 * on.Median());
  std::printf("on / off: %.4f by processor time, %.4f by wall clock, %.4f median\n",
              on.processor / off.processor, on.wall / off.wall, on.Median() / off.Median());
  return 0;
}

}  // namespace
}  // namespace simclr::engine

// measurements [WIDTH BATCH IMAGE_SIZE THREADS PAIRS]
int main(int argc, char** argv) {
  simclr::engine::Shape shape;
  if (argc > 1) shape.width = std::atof(argv[1]);
  if (argc > 2) shape.batch = std::atoi(argv[2]);
  if (argc > 3) shape.image_size = std::atoi(argv[3]);
  if (argc > 4) shape.threads = std::atoi(argv[4]);
  if (argc > 5) shape.pairs = std::atoi(argv[5]);
  return simclr::engine::Compare(shape);
}
