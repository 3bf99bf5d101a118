#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "absl/time/time.h"
#include "coordinator/policy/attempt_view.h"
#include "simclr/v1/job.pb.h"

namespace simclr::coordinator {

// How long the steps of an attempt take, as far as they were seen. A step that was not seen by itself counts
// with its share. Times are monotonic. Not thread-safe.
class StepTimes {
 public:
  // Whatever else the rank does between two steps (it saves, it evaluates) is no part of them.
  void OnStep(std::int64_t step, v1::Activity activity, absl::Duration now);

  bool any() const { return !times_.empty(); }
  // The 99th percentile of the newest hundred; nullopt before there are a few.
  std::optional<absl::Duration> Slow() const;

 private:
  std::int64_t step_ = -1;
  absl::Duration since_;
  std::deque<absl::Duration> times_;
};

// The limits of a job that runs: what the job file says, with `auto` resolved. Before steps were seen (also
// after a start of the coordinator) the limit of the first one holds.
HangLimits LimitsOf(const v1::Limits& limits, const StepTimes& steps);

// Whether the gang hangs, and by whose fault. Everybody waits for everybody in synchronous training, so a
// rank in a collective is never the culprit, and nobody is while another one saves, evaluates or opens its
// data within its limit. Where all ranks stand still alike, nobody is: the culprit is -1. A rank whose worker
// is not heard is not judged: that is the matter of liveness. Pure.
std::optional<Judgement> JudgeHang(const AttemptView& attempt);

}  // namespace simclr::coordinator
