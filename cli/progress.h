#pragma once

#include <iosfwd>
#include <string>

#include "absl/time/time.h"
#include "simclr/v1/job.pb.h"

namespace simclr::cli {

// What is known of a job that is being followed.
struct ProgressState {
  v1::Job job;
  v1::StepMetrics sample;  // the newest; step 0: none yet
};

// "name  RUNNING  [====>     ]  42%  step 42/100  epoch 3.2  loss 5.123  812 images/s  ETA 2m3s", without the
// bar for `bar_width` 0; a job that does not run shows its reason instead. Pure.
std::string ProgressText(const ProgressState& state, int bar_width);

// Shows a job's progress: one line that is repainted on a terminal; elsewhere a line at each change of phase
// and at most one every `interval` between. Not thread-safe.
class ProgressPrinter {
 public:
  struct Options {
    bool terminal = false;
    int width = 80;  // columns of the terminal
    absl::Duration interval = absl::Seconds(5);
  };
  ProgressPrinter(std::ostream& out, const Options& options) : out_(out), options_(options) {}

  // `now` is monotonic.
  void Show(const ProgressState& state, absl::Duration now);
  // Leaves what stands on the terminal as it is and begins a new line.
  void EndLine();

 private:
  void Repaint(const ProgressState& state);

  std::ostream& out_;
  const Options options_;
  bool line_open_ = false;
  std::string last_heading_;  // phase and attempt of the line before
  absl::Duration last_shown_ = -absl::InfiniteDuration();
};

}  // namespace simclr::cli
