#include "worker/trainer/local_observer.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/clock.h"
#include "common/base/logging.h"

namespace simclr::trainer {
namespace {

void PrintLine(const std::string& line) {
  std::fprintf(stderr, "%s\n", line.c_str());
}

// "  loss 5.1234" where it was measured.
std::string Value(const engine::StepReport& report, engine::Measure measure, const char* label) {
  return report.values.Has(measure) ? absl::StrFormat("  %s %.4g", label, report.values[measure]) : "";
}

}  // namespace

LocalObserver::LocalObserver(std::string job, int keep, std::deque<std::string> kept, const StopSignals& stop)
    : job_(std::move(job)),
      keep_(static_cast<std::size_t>(std::max(keep, 1))),
      kept_(std::move(kept)),
      stop_(stop) {}

void LocalObserver::OnStarted(std::int64_t resumed_from_step, std::int64_t total_steps,
                              const std::string& precision) {
  PrintLine(
      absl::StrCat(job_, ": ", total_steps, " steps in ", precision,
                   resumed_from_step > 0 ? absl::StrCat(", resumed after step ", resumed_from_step) : ""));
}

void LocalObserver::OnStep(const engine::StepReport& report) {
  const absl::Duration now = RealClock().Monotonic();
  if (now - last_line_ < absl::Seconds(1) && report.step < report.total_steps) return;
  last_line_ = now;
  PrintLine(absl::StrCat(
      job_, ": step ", report.step, "/", report.total_steps, absl::StrFormat("  epoch %.2f", report.epoch),
      Value(report, engine::Measure::kLoss, "loss"), Value(report, engine::Measure::kEvalLoss, "loss"),
      Value(report, engine::Measure::kLr, "lr"),
      Value(report, engine::Measure::kImagesPerSecond, "images/s")));
}

void LocalObserver::OnCheckpoint(const engine::CheckpointReport& report) {
  kept_.push_back(report.path);
}

std::vector<std::string> LocalObserver::TakeRetired() {
  std::vector<std::string> retired;
  while (kept_.size() > keep_) {
    retired.push_back(kept_.front());
    kept_.pop_front();
  }
  return retired;
}

void LocalObserver::OnWarning(const std::string& text) {
  LogWarning(text, {{"job", job_}});
}

}  // namespace simclr::trainer
