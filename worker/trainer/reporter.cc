#include "worker/trainer/reporter.h"

#include <unistd.h>

#include <utility>

#include "common/base/clock.h"
#include "common/base/logging.h"
#include "common/job/proto_time.h"

namespace simclr::trainer {
namespace {

constexpr absl::Duration kHeartbeat = absl::Seconds(1);
constexpr std::size_t kMaxQueued = 10000;

v1::Activity ActivityOf(engine::Activity activity) {
  switch (activity) {
    case engine::Activity::kInit:
      return v1::ACTIVITY_INIT;
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
    : identity_(std::move(identity)), link_(link), inbox_(inbox), sender_([this] { SendLoop(); }) {}

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
  v1::TrainerReport report;
  *report.mutable_end() = end;
  {
    absl::MutexLock lock(&mutex_);
    report.mutable_end()->set_epoch(progress_.epoch());
  }
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
  absl::MutexLock lock(&mutex_);
  progress_.set_activity(ActivityOf(activity));
  progress_.set_step(step);
  progress_.set_total_steps(total_steps);
  progress_.set_epoch(epoch);
  progress_changed_ = true;
}

void Reporter::OnStep(const engine::StepReport& step) {
  v1::TrainerReport report;
  v1::StepMetrics& metrics = *report.mutable_metrics();
  metrics.set_step(step.step);
  metrics.set_epoch(step.epoch);
  metrics.set_attempt(identity_.attempt);
  *metrics.mutable_at() = ToProto(RealClock().Now());
  step.values.ForEach([&metrics](engine::Measure measure, double value) {
    (*metrics.mutable_values())[engine::MeasureName(measure)] = value;
  });
  {
    absl::MutexLock lock(&mutex_);
    progress_.set_step(step.step);
    progress_.set_total_steps(step.total_steps);
    progress_.set_epoch(step.epoch);
    progress_changed_ = true;
    if (queue_.size() >= kMaxQueued) return;
  }
  Enqueue(std::move(report));
}

void Reporter::OnCheckpoint(const engine::CheckpointReport& written) {
  v1::TrainerReport report;
  v1::Checkpoint& checkpoint = *report.mutable_checkpoint();
  checkpoint.set_job_id(identity_.job_id);
  checkpoint.set_attempt(identity_.attempt);
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
  report.set_warning(text);
  Enqueue(std::move(report));
}

void Reporter::Enqueue(v1::TrainerReport report) {
  absl::MutexLock lock(&mutex_);
  if (!lost_) queue_.push_back(std::move(report));
}

void Reporter::SendLoop() {
  while (const std::optional<v1::TrainerReport> report = Next()) {
    const bool sent = link_.Send(*report);
    absl::MutexLock lock(&mutex_);
    sending_ = false;
    if (sent) continue;
    lost_ = true;
    queue_.clear();
    return;
  }
}

std::optional<v1::TrainerReport> Reporter::Next() {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(this, &Reporter::Something), kHeartbeat);
  if (closed_) return std::nullopt;
  sending_ = true;
  v1::TrainerReport report;
  if (!queue_.empty()) {
    report = std::move(queue_.front());
    queue_.pop_front();
    return report;
  }
  *report.mutable_progress() = progress_;
  if (waiting_) report.mutable_progress()->set_activity(v1::ACTIVITY_COLLECTIVE);
  progress_changed_ = false;
  return report;
}

}  // namespace simclr::trainer
