#include "coordinator/metrics/coordinator_metrics.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "coordinator/metrics/gauge_family.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

std::string Word(const std::string& name, const std::string& prefix) {
  return absl::AsciiStrToLower(name.substr(prefix.size()));
}
std::string PhaseWord(v1::Phase phase) {
  return Word(v1::Phase_Name(phase), "PHASE_");
}
std::string KindWord(v1::JobKind kind) {
  return Word(v1::JobKind_Name(kind), "JOB_KIND_");
}
std::string ReasonWord(v1::Reason reason) {
  return Word(v1::Reason_Name(reason), "REASON_");
}
std::string ClassWord(v1::FailureClass failure) {
  return Word(v1::FailureClass_Name(failure), "FAILURE_CLASS_");
}
std::string StateWord(v1::WorkerState state) {
  return Word(v1::WorkerState_Name(state), "WORKER_STATE_");
}

prometheus::Family<prometheus::Counter>& CounterFamily(prometheus::Registry& registry,
                                                       const std::string& name, const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Histogram& MakeHistogram(prometheus::Registry& registry, const std::string& name,
                                     const std::string& help,
                                     const prometheus::Histogram::BucketBoundaries& bounds) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, bounds);
}

double Seconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + 1e-9 * duration.nanos();
}

bool IsLive(const v1::Job& job) {
  const v1::Phase phase = job.status().phase();
  return phase == v1::PHASE_STARTING || phase == v1::PHASE_RUNNING || phase == v1::PHASE_STOPPING;
}

void AddJobCounts(const ClusterView& view, std::vector<prometheus::MetricFamily>& families) {
  std::map<std::pair<std::string, std::string>, int> counts;  // every combination is shown, zeros too
  for (const v1::JobKind kind : {v1::JOB_KIND_PRETRAIN, v1::JOB_KIND_LINEAR_EVAL}) {
    for (int phase = v1::PHASE_BLOCKED; phase <= v1::PHASE_CANCELLED; ++phase) {
      counts[{KindWord(kind), PhaseWord(static_cast<v1::Phase>(phase))}] = 0;
    }
  }
  std::map<std::string, int> pending;
  for (const v1::Job& job : view.jobs) {
    ++counts[{KindWord(job.spec().kind()), PhaseWord(job.status().phase())}];
    const bool waits = job.status().phase() == v1::PHASE_QUEUED || job.status().phase() == v1::PHASE_BLOCKED;
    if (waits) ++pending[ReasonWord(job.status().reason())];
  }
  GaugeFamily jobs("simclr_coordinator_jobs", "Jobs by kind and phase.");
  for (const auto& [key, count] : counts) jobs.Add({{"kind", key.first}, {"phase", key.second}}, count);
  jobs.MoveTo(families);
  GaugeFamily waiting("simclr_coordinator_jobs_pending", "Jobs that wait, by reason.");
  for (const auto& [reason, count] : pending) waiting.Add({{"reason", reason}}, count);
  waiting.MoveTo(families);
}

void AddWorkers(const ClusterView& view, std::vector<prometheus::MetricFamily>& families) {
  std::map<std::string, int> states = {{"alive", 0}, {"unknown", 0}, {"lost", 0}};
  std::map<std::pair<std::string, std::string>, int> slots;
  GaugeFamily heard("simclr_coordinator_worker_last_heartbeat_timestamp_seconds",
                    "When a worker was heard last.");
  for (const v1::Worker& worker : view.workers) {
    ++states[StateWord(worker.state())];
    if (worker.has_last_seen())
      heard.Add({{"worker", worker.name()}}, static_cast<double>(worker.last_seen().seconds()));
    for (const v1::Slot& slot : worker.slots()) {
      const std::string device = slot.device() == v1::DEVICE_CUDA ? "cuda" : "cpu";
      ++slots[{device, !slot.usable() ? "unusable" : slot.job_id().empty() ? "free" : "allocated"}];
    }
  }
  GaugeFamily workers("simclr_coordinator_workers",
                      "Workers by state; unknown: silent, nothing else changes.");
  for (const auto& [state, count] : states) workers.Add({{"state", state}}, count);
  workers.MoveTo(families);
  GaugeFamily inventory("simclr_coordinator_slots", "Slots by device and state.");
  for (const auto& [key, count] : slots) inventory.Add({{"device", key.first}, {"state", key.second}}, count);
  inventory.MoveTo(families);
  heard.MoveTo(families);
}

void AddJobs(const ClusterView& view, std::vector<prometheus::MetricFamily>& families) {
  GaugeFamily info("simclr_job_info", "1 for each job that has not ended; names its name, kind and owner.");
  GaugeFamily step("simclr_job_step", "Finished steps of a job with a live attempt.");
  GaugeFamily total("simclr_job_total_steps", "Steps of the whole job.");
  GaugeFamily attempt("simclr_job_attempt", "Number of the live attempt.");
  for (const v1::Job& job : view.jobs) {
    if (IsTerminal(job.status().phase())) continue;
    const Labels id = {{"job_id", job.id()}};
    info.Add({{"job_id", job.id()},
              {"name", job.spec().name()},
              {"kind", KindWord(job.spec().kind())},
              {"owner", job.owner()}},
             1);
    if (!IsLive(job)) continue;
    step.Add(id, static_cast<double>(job.status().step()));
    total.Add(id, static_cast<double>(job.status().total_steps()));
    attempt.Add(id, job.status().attempt());
  }
  for (GaugeFamily* family : {&info, &step, &total, &attempt}) family->MoveTo(families);
}

}  // namespace

CoordinatorMetrics::CoordinatorMetrics(std::function<ClusterView()> view)
    : view_(std::move(view)),
      submitted_(
          CounterFamily(registry_, "simclr_coordinator_jobs_submitted_total", "Accepted submissions.")),
      finished_(
          CounterFamily(registry_, "simclr_coordinator_jobs_finished_total", "Jobs that ended, by phase.")),
      attempts_ended_(CounterFamily(registry_, "simclr_coordinator_attempts_ended_total",
                                    "Attempts by what ended them.")),
      restarts_(CounterFamily(
          registry_, "simclr_coordinator_restarts_total",
          "Attempts that are followed by another, by failure class; counted: against max_restarts.")),
      stale_writes_(CounterFamily(registry_, "simclr_coordinator_stale_writes_total",
                                  "What old attempts brought and was refused, by operation.")),
      checkpoint_commits_(
          CounterFamily(registry_, "simclr_coordinator_checkpoint_commits_total", "Committed checkpoints.")
              .Add({})),
      database_errors_(
          CounterFamily(registry_, "simclr_coordinator_db_errors_total", "Failed journal commits.").Add({})),
      checkpoint_write_(MakeHistogram(registry_, "simclr_coordinator_checkpoint_write_seconds",
                                      "Time that a checkpoint took to write.",
                                      {0.1, 0.3, 1, 3, 10, 30, 100, 300})),
      transaction_(MakeHistogram(registry_, "simclr_coordinator_db_transaction_seconds",
                                 "Time of a journal commit, the sync included.",
                                 {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1})) {}

void CoordinatorMetrics::OnEvent(const v1::Event& event) {
  if (event.has_job_submitted()) {
    submitted_.Add({{"kind", KindWord(event.job_submitted().job().spec().kind())}}).Increment();
  }
  if (event.has_job_ended()) finished_.Add({{"phase", PhaseWord(event.job_ended().phase())}}).Increment();
  if (event.has_checkpoint_committed()) {
    const v1::Checkpoint& checkpoint = event.checkpoint_committed().checkpoint();
    checkpoint_commits_.Increment();
    checkpoint_write_.Observe(Seconds(checkpoint.write_time()));
    absl::MutexLock lock(&mutex_);
    news_[checkpoint.job_id()].checkpoint_at = absl::FromUnixSeconds(checkpoint.committed_at().seconds());
  }
  if (!event.has_attempt_ended()) return;
  const v1::AttemptEnded& ended = event.attempt_ended();
  attempts_ended_.Add({{"class", ClassWord(ended.failure())}}).Increment();
  if (IsTerminal(ended.phase())) {
    finished_.Add({{"phase", PhaseWord(ended.phase())}}).Increment();
  } else {
    restarts_.Add({{"class", ClassWord(ended.failure())}, {"counted", ended.counted() ? "true" : "false"}})
        .Increment();
  }
  absl::MutexLock lock(&mutex_);
  news_.erase(ended.job_id());
}

void CoordinatorMetrics::OnCommit(absl::Duration duration) {
  transaction_.Observe(absl::ToDoubleSeconds(duration));
}

void CoordinatorMetrics::OnCommitFailed() {
  database_errors_.Increment();
}

void CoordinatorMetrics::OnStaleRefused(const std::string& operation) {
  stale_writes_.Add({{"operation", operation}}).Increment();
}

void CoordinatorMetrics::OnSamples(const v1::PushMetricsRequest& request) {
  if (request.rank() != 0 || request.samples().empty()) return;
  const v1::StepMetrics& newest = *request.samples().rbegin();
  absl::MutexLock lock(&mutex_);
  v1::StepMetrics& kept = news_[request.job_id()].sample;
  if (newest.step() >= kept.step() || newest.attempt() > kept.attempt()) kept = newest;
}

std::vector<prometheus::MetricFamily> ClusterGauges(const ClusterView& view) {
  std::vector<prometheus::MetricFamily> families;
  GaugeFamily term("simclr_coordinator_term", "The fencing number of this coordinator.");
  term.Add({}, static_cast<double>(view.term));
  term.MoveTo(families);
  GaugeFamily revision("simclr_coordinator_revision", "Revision of the last durable event.");
  revision.Add({}, static_cast<double>(view.revision));
  revision.MoveTo(families);
  AddJobCounts(view, families);
  AddWorkers(view, families);
  AddJobs(view, families);
  return families;
}

std::vector<prometheus::MetricFamily> CoordinatorMetrics::Collect() const {
  const ClusterView view = view_();
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  for (prometheus::MetricFamily& family : ClusterGauges(view)) families.push_back(std::move(family));
  GaugeFamily loss("simclr_job_loss", "Loss of the newest step.");
  GaugeFamily speed("simclr_job_images_per_second", "Images a second of the newest step, over all ranks.");
  GaugeFamily part("simclr_job_step_part_seconds", "Seconds of the newest step, by part.");
  GaugeFamily age("simclr_job_checkpoint_age_seconds",
                  "Time since the newest checkpoint of the live attempt.");
  absl::MutexLock lock(&mutex_);
  for (const v1::Job& job : view.jobs) {
    const auto news = news_.find(job.id());
    if (!IsLive(job) || news == news_.end()) continue;
    const Labels id = {{"job_id", job.id()}};
    for (const auto& [name, value] : news->second.sample.values()) {
      if (name == "loss") loss.Add(id, value);
      if (name == "images_per_second") speed.Add(id, value);
      if (name.rfind("seconds/", 0) == 0) part.Add({{"job_id", job.id()}, {"part", name.substr(8)}}, value);
    }
    if (news->second.checkpoint_at != absl::InfinitePast()) {
      age.Add(id, absl::ToDoubleSeconds(view.now - news->second.checkpoint_at));
    }
  }
  for (GaugeFamily* family : {&loss, &speed, &part, &age}) family->MoveTo(families);
  return families;
}

}  // namespace simclr::coordinator
