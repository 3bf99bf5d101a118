#include "worker/trainer/reporter.h"

#include <google/protobuf/util/message_differencer.h>
#include <unistd.h>

#include <utility>

#include "common/base/clock.h"
#include "common/base/logging.h"
#include "common/base/text.h"
#include "common/job/proto_time.h"

namespace simclr::trainer {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(100);  // between two looks at what waits
constexpr absl::Duration kHeartbeat = absl::Seconds(1);
constexpr absl::Duration kTotalsInterval = absl::Seconds(1);

v1::Activity ActivityOf(engine::Activity activity) {
  switch (activity) {
    case engine::Activity::kInit:
      return v1::ACTIVITY_INIT;
    case engine::Activity::kOpeningData:
      return v1::ACTIVITY_OPENING_DATA;
    case engine::Activity::kData:
      return v1::ACTIVITY_DATA;
    case engine::Activity::kForward:
      return v1::ACTIVITY_FORWARD;
    case engine::Activity::kCollective:
      return v1::ACTIVITY_COLLECTIVE;
    case engine::Activity::kCheckpoint:
      return v1::ACTIVITY_CHECKPOINT;
    case engine::Activity::kEval:
      return v1::ACTIVITY_EVAL;
  }
  return v1::ACTIVITY_UNSPECIFIED;
}

}  // namespace

Reporter::Reporter(RankIdentity identity, AgentLink& link, OrderInbox& inbox)
    : identity_(std::move(identity)), link_(link), inbox_(inbox), samples_(kMaxWaitingSteps), sender_([this] {
        SendLoop();
      }) {}

Reporter::~Reporter() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
}

void Reporter::Hello(const std::string& build) {
  v1::TrainerReport report;
  v1::TrainerHello& hello = *report.mutable_hello();
  hello.set_job_id(identity_.job_id);
  hello.set_attempt(identity_.attempt);
  hello.set_rank(identity_.rank);
  hello.set_nonce(identity_.nonce);
  hello.set_pid(::getpid());
  hello.set_build(build);
  Enqueue(std::move(report));
}

void Reporter::StoreEndpoint(const std::string& endpoint) {
  v1::TrainerReport report;
  report.set_store_endpoint(endpoint);
  Enqueue(std::move(report));
}

bool Reporter::End(const v1::TrainerEnd& end, absl::Duration timeout) {
  // What it was doing when it ended is part of the story.
  v1::TrainerReport progress;
  *progress.mutable_progress() = ReadProgress();
  Enqueue(std::move(progress));
  v1::TrainerReport totals;
  *totals.mutable_totals() = totals_.Read();
  Enqueue(std::move(totals));
  v1::TrainerReport report;
  *report.mutable_end() = end;
  report.mutable_end()->set_epoch(now_.epoch);
  Enqueue(std::move(report));
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(this, &Reporter::AllSent), timeout) && !lost_;
}

void Reporter::OnStarted(std::int64_t resumed_from_step, std::int64_t total_steps,
                         const std::string& precision) {
  v1::TrainerReport report;
  v1::TrainerStarted& started = *report.mutable_started();
  started.set_resumed_from_step(resumed_from_step);
  started.set_total_steps(total_steps);
  started.set_precision(precision);
  Enqueue(std::move(report));
}

void Reporter::OnActivity(engine::Activity activity, std::int64_t step, std::int64_t total_steps,
                          double epoch) {
  now_.step = step;
  now_.total_steps = total_steps;
  now_.epoch = epoch;
  now_.activity = activity;
}

void Reporter::OnStep(const engine::StepReport& step) {
  now_.step = step.step;
  now_.total_steps = step.total_steps;
  now_.epoch = step.epoch;
  totals_.AddStep(step);
  samples_.Push({step, RealClock().Now()});
}

void Reporter::OnCheckpoint(const engine::CheckpointReport& written) {
  totals_.AddCheckpoint(written.write_time);
  v1::TrainerReport report;
  v1::Checkpoint& checkpoint = *report.mutable_checkpoint();
  checkpoint.set_job_id(identity_.job_id);
  checkpoint.set_attempt(identity_.attempt);
  checkpoint.set_nonce(identity_.nonce);
  checkpoint.set_step(written.step);
  checkpoint.set_path(written.path);
  checkpoint.set_bytes(written.bytes);
  checkpoint.set_digest(written.digest);
  *checkpoint.mutable_write_time() = ToProto(written.write_time);
  Enqueue(std::move(report));
}

void Reporter::OnWarning(const std::string& text) {
  LogWarning(text, {{"job", identity_.job_id}});
  v1::TrainerReport report;
  report.set_warning(Printable(text, kMaxMessageText));
  Enqueue(std::move(report));
}

void Reporter::Enqueue(v1::TrainerReport report) {
  absl::MutexLock lock(&mutex_);
  const bool warning = report.has_warning();
  if (lost_ || (warning && waiting_warnings_ >= kMaxWaitingWarnings)) return;
  if (warning) ++waiting_warnings_;
  queue_.push_back({std::move(report), samples_.pushed()});
}

v1::Progress Reporter::ReadProgress() const {
  v1::Progress progress;
  progress.set_activity(now_.waiting ? v1::ACTIVITY_COLLECTIVE : ActivityOf(now_.activity));
  progress.set_step(now_.step);
  progress.set_total_steps(now_.total_steps);
  progress.set_epoch(now_.epoch);
  progress.set_files_listed(now_.files);
  progress.set_bytes_read(now_.bytes);
  return progress;
}

void Reporter::SendLoop() {
  bool lost = false;
  while (!lost && AwaitWork()) lost = !SendAll();
  absl::MutexLock lock(&mutex_);
  lost_ = lost;
  queue_.clear();
}

bool Reporter::AwaitWork() {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(this, &Reporter::HasWork), kLook);
  return !closed_;
}

bool Reporter::SendAll() {
  while (const std::optional<Waiting> next = TakeReport()) {
    if (!SendSamples(next->samples) || !link_.Send(next->report)) return false;
    ended_ = next->report.has_end();
  }
  return ended_ || (SendSamples(samples_.pushed()) && SendTotals() && SendProgress());
}

std::optional<Reporter::Waiting> Reporter::TakeReport() {
  absl::MutexLock lock(&mutex_);
  sending_ = !queue_.empty() && !closed_;
  if (!sending_) return std::nullopt;
  Waiting next = std::move(queue_.front());
  queue_.pop_front();
  if (next.report.has_warning()) --waiting_warnings_;
  return next;
}

bool Reporter::SendSamples(std::uint64_t until) {
  while (samples_.taken() < until) {
    const Sample sample = *samples_.Take();
    v1::TrainerReport report;
    v1::StepMetrics& metrics = *report.mutable_metrics();
    metrics.set_step(sample.step.step);
    metrics.set_epoch(sample.step.epoch);
    metrics.set_attempt(identity_.attempt);
    *metrics.mutable_at() = ToProto(sample.at);
    sample.step.values.ForEach([&metrics](engine::Measure measure, double value) {
      (*metrics.mutable_values())[engine::MeasureName(measure)] = value;
    });
    if (!link_.Send(report)) return false;
  }
  return true;
}

bool Reporter::SendTotals() {
  const absl::Duration now = RealClock().Monotonic();
  if (now - totals_at_ < kTotalsInterval) return true;
  totals_at_ = now;
  v1::TrainerReport report;
  *report.mutable_totals() = totals_.Read();
  return link_.Send(report);
}

bool Reporter::SendProgress() {
  const absl::Duration now = RealClock().Monotonic();
  v1::TrainerReport report;
  v1::Progress& progress = *report.mutable_progress();
  progress = ReadProgress();
  const bool changed = !google::protobuf::util::MessageDifferencer::Equals(progress, told_progress_);
  if (!changed && now - progress_at_ < kHeartbeat) return true;
  progress_at_ = now;
  told_progress_ = progress;
  return link_.Send(report);
}

}  // namespace simclr::trainer
