// A pass of the scheduler over a full cluster: the argument is the number of queued jobs, beside 1,000
// running ones on 125 workers of 8 slots. The last of them waits for long enough to have a reservation.

#include <benchmark/benchmark.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "coordinator/policy/gang_scheduler.h"

namespace simclr::coordinator {
namespace {

const absl::Time kNow = absl::UnixEpoch() + absl::Hours(1);

SlotPool FullPool() {
  SlotPool pool;
  for (int worker = 0; worker < 125; ++worker) {
    WorkerView view{absl::StrCat("worker-", worker), 1, Intake::kOpen, {}};
    for (int slot = 0; slot < 8; ++slot) {
      view.slots.push_back({slot, v1::DEVICE_CUDA, true, absl::StrCat("j-", worker * 8 + slot),
                            absl::UnixEpoch() + absl::Seconds(worker * 8 + slot)});
    }
    pool.SetWorker(view);
  }
  return pool;
}

GangRequest Request(int number, v1::Reason reason) {
  return {absl::StrCat("j-", 1000 + number),         1 + number % 8,           v1::DEVICE_AUTO, 0,
          absl::UnixEpoch() + absl::Seconds(number), kNow - absl::Minutes(11), reason};
}

GangQueue Queue(int length, v1::Reason reason) {
  GangQueue queue;
  for (int i = 0; i < length; ++i) queue.Put(Request(i, reason));
  return queue;
}

// Nobody has a reason yet: each job is news, which is recorded.
void FirstPass(benchmark::State& state) {
  const int length = static_cast<int>(state.range(0));
  for ([[maybe_unused]] const auto _ : state) {
    state.PauseTiming();
    SlotPool pool = FullPool();
    GangQueue queue = Queue(length, v1::REASON_EVALUATING);
    state.ResumeTiming();
    for (const GangDecision& decision :
         SchedulingPass({}, queue, pool, kNow, SchedulingPass::Scope::kAll).Step()) {
      GangRequest request = *queue.Find(decision.job_id);
      request.reason = decision.reason;
      queue.Put(request);
    }
  }
}
BENCHMARK(FirstPass)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);

// All is as it was, but for one slot that came free: one job starts.
void OneSlotCameFree(benchmark::State& state) {
  const int length = static_cast<int>(state.range(0));
  SlotPool pool = FullPool();
  GangQueue queue = Queue(length, v1::REASON_WAITING_FOR_CAPACITY);
  for ([[maybe_unused]] const auto _ : state) {
    pool.Release("worker-7", 3);
    const auto news = SchedulingPass({}, queue, pool, kNow, SchedulingPass::Scope::kAll).Step();
    if (news.size() != 1) state.SkipWithError("one job starts");
    pool.Release(news[0].gang[0].worker, news[0].gang[0].slot);
    pool.Take("worker-7", 3, "j-59", absl::UnixEpoch());
  }
}
BENCHMARK(OneSlotCameFree)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);

// All is as it was, but for one job more, which waits like the others.
void OneJobMore(benchmark::State& state) {
  const int length = static_cast<int>(state.range(0));
  SlotPool pool = FullPool();
  GangQueue queue = Queue(length, v1::REASON_WAITING_FOR_CAPACITY);
  SchedulingPass({}, queue, pool, kNow, SchedulingPass::Scope::kAll).Step();
  for ([[maybe_unused]] const auto _ : state) {
    queue.Put(Request(length, v1::REASON_EVALUATING));
    if (SchedulingPass({}, queue, pool, kNow, SchedulingPass::Scope::kNew).Step().size() != 1) {
      state.SkipWithError("one job is news");
    }
    queue.Remove(Request(length, v1::REASON_EVALUATING).job_id);
  }
}
BENCHMARK(OneJobMore)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace simclr::coordinator

BENCHMARK_MAIN();
