#include "cli/progress.h"

#include <algorithm>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/text.h"
#include "common/base/text.h"
#include "common/job/enum_word.h"

namespace simclr::cli {
namespace {

double ValueOf(const v1::StepMetrics& sample, const char* name) {
  const auto found = sample.values().find(name);
  return found == sample.values().end() ? 0 : found->second;
}

std::string Bar(double share, int width) {
  const int full = static_cast<int>(share * width);
  std::string bar(static_cast<std::size_t>(full), '=');
  if (full < width) bar += '>';
  bar.resize(static_cast<std::size_t>(width), ' ');
  return absl::StrCat("  [", bar, "]");
}

std::int64_t StepOf(const ProgressState& state) {
  return std::max(state.job.status().step(), state.sample.step());
}

void AppendSample(const v1::StepMetrics& sample, std::int64_t steps_left, std::string& text) {
  if (sample.epoch() > 0) absl::StrAppendFormat(&text, "  epoch %.1f", sample.epoch());
  for (const char* name : {"loss", "eval/loss", "eval/top1"}) {
    if (sample.values().contains(name))
      absl::StrAppendFormat(&text, "  %s %.4f", name, ValueOf(sample, name));
  }
  const double speed = ValueOf(sample, "images_per_second");
  if (speed > 0) absl::StrAppendFormat(&text, "  %.0f images/s", speed);
  const double step_seconds = ValueOf(sample, "seconds/step");
  if (step_seconds > 0 && steps_left > 0) {
    absl::StrAppend(&text, "  ETA ",
                    ShortDuration(absl::Seconds(step_seconds * static_cast<double>(steps_left))));
  }
}

}  // namespace

std::string ProgressText(const ProgressState& state, int bar_width) {
  const v1::JobStatus& status = state.job.status();
  std::string text = absl::StrCat(Printable(state.job.spec().name()), "  ", EnumWord(status.phase()));
  if (status.phase() != v1::PHASE_RUNNING) {
    const std::string why =
        status.message().empty() ? EnumWord(status.reason()) : FirstLine(status.message());
    return why.empty() ? text : absl::StrCat(text, "  ", why);
  }
  const std::int64_t step = StepOf(state);
  if (status.attempt() > 1) absl::StrAppend(&text, "  attempt ", status.attempt());
  if (status.total_steps() <= 0) return text;
  const double share = std::min(1.0, static_cast<double>(step) / static_cast<double>(status.total_steps()));
  if (bar_width > 0) absl::StrAppend(&text, Bar(share, bar_width));
  absl::StrAppendFormat(&text, "  %3.0f%%  step %d/%d", share * 100, step, status.total_steps());
  AppendSample(state.sample, status.total_steps() - step, text);
  return text;
}

void ProgressPrinter::Show(const ProgressState& state, absl::Duration now) {
  if (options_.terminal) return Repaint(state);
  const v1::JobStatus& status = state.job.status();
  const std::string heading = absl::StrCat(EnumWord(status.phase()), status.attempt(), status.message());
  if (heading == last_heading_ && now - last_shown_ < options_.interval) return;
  last_heading_ = heading;
  last_shown_ = now;
  out_ << ProgressText(state, 0) << std::endl;
}

void ProgressPrinter::Repaint(const ProgressState& state) {
  constexpr int kBarWidth = 20;
  std::string text = ProgressText(state, options_.width >= 100 ? kBarWidth : kBarWidth / 2);
  text.resize(std::min<std::size_t>(text.size(), static_cast<std::size_t>(std::max(20, options_.width - 1))));
  out_ << "\r" << text << "\x1b[K" << std::flush;
  line_open_ = true;
}

void ProgressPrinter::EndLine() {
  if (line_open_) out_ << std::endl;
  line_open_ = false;
}

}  // namespace simclr::cli
