#include "worker/agent/control/supervised_rank.h"

#include <signal.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/logging.h"
#include "common/base/text.h"
#include "common/job/defaults.h"
#include "common/job/proto_time.h"

namespace simclr::agent {
namespace {

// The last reports of an ended trainer are in the socket already.
constexpr absl::Duration kLastReportsLimit = absl::Seconds(2);
constexpr absl::Duration kLookAtStuck = absl::Seconds(1);

// What only newer trainers do is nothing in particular.
v1::Activity Known(v1::Activity activity) {
  return v1::Activity_IsValid(activity) ? activity : v1::ACTIVITY_UNSPECIFIED;
}

}  // namespace

SupervisedRank::SupervisedRank(const Options& options, v1::TrainerStart start,
                               std::unique_ptr<TrainerHandle> process, std::string log_path,
                               std::optional<MemoryCgroup> memory_before, TrainerLink& link,
                               absl::Duration now)
    : options_(options),
      key_(KeyOf(start.rank())),
      start_(std::move(start)),
      process_(std::move(process)),
      log_path_(std::move(log_path)),
      memory_before_(std::move(memory_before)),
      link_(link),
      watch_(options.silence, GroupTimeout(WithDefaults(start_.rank().spec().limits()))) {
  watch_.Excuse(now);
  observed_.set_job_id(key_.job_id);
  observed_.set_attempt(key_.attempt);
  observed_.set_rank(key_.rank);
  observed_.set_nonce(key_.nonce);
  observed_.set_pid(process_->pid());
  observed_.set_slot(start_.rank().slot());
  observed_.set_activity(v1::ACTIVITY_INIT);
  observed_.set_log_path(Printable(log_path_));
}

void SupervisedRank::OnReport(const v1::TrainerReport& report, absl::Duration now) {
  if (report.has_hello() && report.hello().pid() != process_->pid()) {
    LogWarning("a process poses as a trainer",
               {{"job", key_.job_id}, {"pid", absl::StrCat(report.hello().pid())}});
    return;
  }
  watch_.OnReport(now);
  switch (report.report_case()) {
    case v1::TrainerReport::kHello:
      OnHello(report.hello(), now);
      break;
    case v1::TrainerReport::kProgress:
      observed_.set_activity(Known(report.progress().activity()));
      watch_.OnProgress(report.progress(), now);
      observed_.set_step(report.progress().step());
      observed_.set_total_steps(report.progress().total_steps());
      observed_.set_epoch(report.progress().epoch());
      observed_.set_files_listed(report.progress().files_listed());
      observed_.set_bytes_read(report.progress().bytes_read());
      break;
    case v1::TrainerReport::kStoreEndpoint:
      observed_.set_store_endpoint(report.store_endpoint());
      break;
    case v1::TrainerReport::kStarted:
      observed_.set_started(true);
      observed_.set_resumed_from_step(report.started().resumed_from_step());
      observed_.set_precision(report.started().precision());
      observed_.set_total_steps(report.started().total_steps());
      break;
    case v1::TrainerReport::kEnd:
      end_ = report.end();
      break;
    case v1::TrainerReport::kWarning:
      LogWarning(
          report.warning(),
          {{"job", key_.job_id}, {"attempt", absl::StrCat(key_.attempt)}, {"rank", absl::StrCat(key_.rank)}});
      break;
    default:
      break;
  }
}

// The program may have been swapped since the agent told its build.
void SupervisedRank::OnHello(const v1::TrainerHello& hello, absl::Duration now) {
  attached_ = true;
  const std::string& wanted = start_.rank().build();
  if (!wanted.empty() && hello.build() != wanted) {
    return Kill(KilledFor::kOtherBuild,
                absl::StrCat("its build is '", hello.build(), "'; the attempt was placed for '", wanted, "'"),
                now);
  }
  SendOrders();
}

void SupervisedRank::Run(const v1::DesiredRank& wanted, absl::Duration now) {
  run_.emplace();
  run_->set_store_endpoint(wanted.store_endpoint());
  run_->set_prefix(absl::StrCat(key_.job_id, "/", key_.attempt, "/", wanted.nonce()));
  watch_.OnRun(now);
  SendOrders();
}

void SupervisedRank::Drain(absl::Duration grace, absl::Duration now) {
  drain_.emplace();
  *drain_->mutable_grace() = ToProto(grace);
  drain_deadline_ = now + grace;
  SendOrders();
}

void SupervisedRank::SendOrders() {
  if (!attached_ || killed_ == KilledFor::kOtherBuild) return;
  v1::TrainerOrder order;
  if (!std::exchange(start_sent_, true)) {
    *order.mutable_start() = start_;
    link_.Send(key_, order);
  }
  if (run_.has_value() && !std::exchange(run_sent_, true)) {
    *order.mutable_run() = *run_;
    link_.Send(key_, order);
  }
  if (drain_.has_value() && !std::exchange(drain_sent_, true)) {
    *order.mutable_drain() = *drain_;
    link_.Send(key_, order);
  }
}

void SupervisedRank::Kill(KilledFor reason, const std::string& detail, absl::Duration now) {
  if (killed_ != KilledFor::kNothing) return;
  killed_ = reason;
  kill_detail_ = detail;
  force_at_ = now + (reason == KilledFor::kGraceOver ? options_.after_drain_grace : options_.kill_grace);
  LogInfo("killing a trainer", {{"job", key_.job_id},
                                {"attempt", absl::StrCat(key_.attempt)},
                                {"rank", absl::StrCat(key_.rank)},
                                {"pid", absl::StrCat(process_->pid())},
                                {"cause", detail}});
  // SIGABRT lets a hung trainer leave its stack in the log.
  process_->Signal(reason == KilledFor::kHang ? SIGABRT : SIGTERM);
}

void SupervisedRank::Tick(absl::Duration now, std::optional<absl::Duration> away_since) {
  if (exit_seen_.has_value()) return;
  if (killed_ == KilledFor::kNothing) {
    if (const std::optional<std::string> hang = watch_.Verdict(now, away_since)) {
      Kill(KilledFor::kHang, *hang, now);
    } else if (drain_deadline_.has_value() && now > *drain_deadline_) {
      Kill(KilledFor::kGraceOver, "did not drain within the grace", now);
    }
  }
  if (force_at_.has_value() && now > *force_at_ && !forced_at_.has_value()) {
    process_->Signal(SIGKILL);
    forced_at_ = now;
  }
  NoteStuck(now);
}

// SIGKILL does not reach a process that waits in the kernel without interruption.
void SupervisedRank::NoteStuck(absl::Duration now) {
  if (!forced_at_.has_value() || now - *forced_at_ < options_.stuck_after) return;
  if (now - stuck_seen_ < kLookAtStuck || process_->Poll().has_value()) return;
  stuck_seen_ = now;
  const bool news = observed_.stuck().empty();
  const std::string channel = process_->WaitChannel();
  observed_.set_stuck(Printable(
      absl::StrCat("pid ", process_->pid(), " does not end",
                   channel.empty() ? "" : absl::StrCat(": it waits in the kernel (", channel, ")"))));
  if (news) LogError("a killed trainer is still there", {{"job", key_.job_id}, {"cause", observed_.stuck()}});
}

std::optional<ProcessExit> SupervisedRank::Ended(absl::Duration now) {
  const std::optional<ProcessExit> exit = process_->Poll();
  if (!exit.has_value()) return std::nullopt;
  if (!exit_seen_.has_value()) exit_seen_ = now;
  const bool all_reports = !attached_ || detached_ || now - *exit_seen_ >= kLastReportsLimit;
  return all_reports ? exit : std::nullopt;
}

bool SupervisedRank::Explains(const ProcessExit& exit) const {
  return end_.has_value() || killed_ != KilledFor::kNothing ||
         ClassifyExit(killed_, exit) == v1::FAILURE_CLASS_SUCCESS;
}

v1::ReportExitRequest SupervisedRank::DescribeExit(const ProcessExit& exit,
                                                   const std::optional<std::string>& how) const {
  v1::ReportExitRequest report;
  report.set_job_id(key_.job_id);
  report.set_attempt(key_.attempt);
  report.set_rank(key_.rank);
  report.set_nonce(key_.nonce);
  report.set_failure(ClassifyExit(killed_, exit));
  report.set_exit_code(exit.code);
  report.set_signal(exit.signal);
  report.set_step(observed_.step());
  report.set_total_steps(observed_.total_steps());
  report.set_epoch(observed_.epoch());
  if (end_.has_value()) {
    report.set_message(end_->message());
    report.set_step(end_->step());
    report.set_total_steps(end_->total_steps());
    report.set_epoch(end_->epoch());
    *report.mutable_results() = end_->results();
  } else if (killed_ != KilledFor::kNothing) {
    report.set_message(kill_detail_);
  } else if (!Explains(exit)) {
    const std::string end = exit.signal != 0 ? absl::StrCat("ended by signal ", exit.signal)
                                             : absl::StrCat("exited with code ", exit.code);
    report.set_message(how.value_or(absl::StrCat(end, "; the disk of its log does not answer")));
  }
  return report;
}

LiveRank SupervisedRank::live() const {
  return {key_, start_.rank().slot(), run_.has_value(), drain_.has_value(), killed_ != KilledFor::kNothing};
}

v1::ObservedRank SupervisedRank::Observed(absl::Duration now) const {
  v1::ObservedRank observed = observed_;
  *observed.mutable_since_progress() = ToProto(watch_.since_progress(now));
  *observed.mutable_since_report() = ToProto(watch_.since_report(now));
  return observed;
}

}  // namespace simclr::agent
