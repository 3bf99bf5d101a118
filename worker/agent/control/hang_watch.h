#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::agent {

// How long a trainer may be silent or without progress before it counts as hung. A rank inside a collective
// is never judged here: it waits for its peers, and only the coordinator sees all of them.
struct HangLimits {
  absl::Duration report = absl::Seconds(30);  // without a word: the process is frozen
  absl::Duration init = absl::Seconds(180);   // from the start, or from the endpoint, to the first activity
  absl::Duration first_step = absl::Seconds(300);
  absl::Duration step = absl::Seconds(60);  // at least; otherwise step_factor times the slowest recent step
  double step_factor = 5;
  absl::Duration checkpoint = absl::Seconds(300);
  absl::Duration eval = absl::Seconds(600);
};

// The progress of one trainer as seen by its agent, and the verdict on it. Times are monotonic. Not
// thread-safe.
class HangWatch {
 public:
  explicit HangWatch(const HangLimits& limits) : limits_(limits) {}

  void OnReport(absl::Duration now) { last_report_ = now; }
  void OnProgress(v1::Activity activity, std::int64_t step, absl::Duration now);
  // The peers can be met from now on; until then a trainer in init may wait as long as the coordinator lets
  // it.
  void OnRun(absl::Duration now);
  // The watcher itself slept (a frozen agent, a suspended machine): what it did not see is held against
  // nobody.
  void Excuse(absl::Duration now);

  // The reason for the verdict "hung", or nullopt.
  std::optional<std::string> Verdict(absl::Duration now) const;

  absl::Duration since_progress(absl::Duration now) const { return now - last_progress_; }
  absl::Duration since_report(absl::Duration now) const { return now - last_report_; }

 private:
  absl::Duration ProgressLimit() const;

  HangLimits limits_;
  v1::Activity activity_ = v1::ACTIVITY_INIT;
  std::int64_t first_step_ = -1;  // at the first report of a step
  std::int64_t step_ = -1;
  bool has_run_ = false;
  absl::Duration last_report_;
  absl::Duration last_progress_;
  absl::Duration last_step_;
  std::deque<absl::Duration> step_times_;  // of the newest steps
};

}  // namespace simclr::agent
