#include "cli/follow.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <optional>
#include <ostream>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "cli/progress.h"
#include "cli/watch.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/job/enum_word.h"

namespace simclr::cli {
namespace {

int TerminalWidth() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// Two streams, the job's changes and its samples, meet here and become one progress line. Thread-safe.
class Display {
 public:
  explicit Display(const CommandContext& context)
      : printer_(context.err, {.terminal = context.err_is_terminal, .width = TerminalWidth()}) {}

  void Update(const v1::Job& job) {
    absl::MutexLock lock(&mutex_);
    if (job.status().attempt() != state_.job.status().attempt()) state_.sample.Clear();
    state_.job = job;
    printer_.Show(state_, RealClock().Monotonic());
  }

  void Update(const v1::StepMetrics& sample) {
    absl::MutexLock lock(&mutex_);
    state_.sample = sample;
    printer_.Show(state_, RealClock().Monotonic());
  }

  void End() {
    absl::MutexLock lock(&mutex_);
    printer_.EndLine();
  }

 private:
  absl::Mutex mutex_;
  ProgressState state_ ABSL_GUARDED_BY(mutex_);
  ProgressPrinter printer_ ABSL_GUARDED_BY(mutex_);
};

// Samples are an extra: where they cannot be had, the job's changes are still shown.
void ShowSamples(Client& client, const std::string& job, std::stop_token stop, Display& display) {
  v1::StreamMetricsRequest request;
  request.set_job(job);
  request.set_follow(true);
  WithReconnect(client, stop, kOutageLimit, [&](const std::function<void()>& answered) {
    return client.StreamMetrics(request, stop, [&](const v1::StepMetrics& sample) {
      answered();
      request.set_since_step(sample.step());
      display.Update(sample);
      return true;
    });
  }).IgnoreError();
}

}  // namespace

absl::StatusOr<v1::Job> FollowJob(Client& client, const CommandContext& context, const std::string& job) {
  Display display(context);
  std::jthread samples([&](const std::stop_token& stop) { ShowSamples(client, job, stop, display); });
  const absl::StatusOr<std::optional<v1::Job>> ended =
      WatchUntil(client, job, absl::InfiniteFuture(), [&](const v1::Job& now) {
        display.Update(now);
        return IsEnded(now.status().phase());
      });
  samples.request_stop();
  samples.join();
  display.End();
  if (!ended.ok()) return ended.status();
  context.err << EndText(**ended) << std::endl;
  return **ended;
}

std::string EndText(const v1::Job& job) {
  const v1::JobStatus& status = job.status();
  std::string text =
      absl::StrCat(Printable(job.spec().name()), " (", job.id(), ") ", EnumWord(status.phase()));
  if (status.total_steps() > 0) absl::StrAppend(&text, " at step ", status.step(), "/", status.total_steps());
  if (!status.message().empty()) absl::StrAppend(&text, ": ", PrintableLines(status.message()));
  for (const char* name : {"linear_eval/top1", "linear_eval/top1_random", "knn/top1"}) {
    const auto found = status.results().find(name);
    if (found != status.results().end()) absl::StrAppendFormat(&text, "  %s %.4f", name, found->second);
  }
  return text;
}

}  // namespace simclr::cli
