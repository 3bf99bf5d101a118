#include "coordinator/metrics/metric_list.h"

#include <iterator>
#include <string>
#include <utility>

#include "common/edge/message_refusal.h"
#include "common/metrics/buckets.h"
#include "common/metrics/process_metrics.h"
#include "coordinator/metrics/labels.h"
#include "coordinator/metrics/words.h"

namespace simclr::coordinator {
namespace {

constexpr prometheus::MetricType kCounter = prometheus::MetricType::Counter;
constexpr prometheus::MetricType kGauge = prometheus::MetricType::Gauge;
constexpr prometheus::MetricType kHistogram = prometheus::MetricType::Histogram;

std::vector<Metric> JobTotals() {
  return {
      {"simclr_coordinator_jobs",
       kGauge,
       "Jobs by kind and phase, ended ones too.",
       {KindLabel(), PhaseLabel()}},
      {"simclr_coordinator_jobs_pending",
       kGauge,
       "Jobs that wait (blocked, queued or paused), by the reason that describe shows.",
       {{"reason", Words(WaitReasons())}}},
      {"simclr_coordinator_jobs_submitted_total", kCounter, "Accepted submissions.", {KindLabel()}},
      {"simclr_coordinator_jobs_finished_total",
       kCounter,
       "Jobs that ended, by last phase and reason; reason none is that of success.",
       {KindLabel(), LastPhaseLabel(), EndReasonLabel()}},
      {"simclr_coordinator_job_phase_duration_seconds",
       kHistogram,
       "Time that jobs spent in a phase, observed on leaving it.",
       {KindLabel(), PassingPhaseLabel()},
       PhaseBuckets()},
      {"simclr_coordinator_queue_oldest_submit_timestamp_seconds",
       kGauge,
       "When the oldest queued job was submitted, in seconds since 1970; absent while none is queued.",
       {KindLabel()}},
      {"simclr_coordinator_queue_demand_slots",
       kGauge,
       "Slots that queued jobs ask for; auto counts as cuda where the cluster has a GPU, else as cpu.",
       {SlotDeviceLabel()}},
      {"simclr_coordinator_attempts_ended_total",
       kCounter,
       "Attempts by what ended them.",
       {KindLabel(), {"class", Words(AllFailures())}}},
      {"simclr_coordinator_restarts_total",
       kCounter,
       "Attempts whose end did not end the job (it is queued or paused then), by what ended them; counted: "
       "against schedule.max_restarts.",
       {KindLabel(), RestartClassLabel(), {"counted", {"false", "true"}}}},
      {"simclr_coordinator_slot_seconds_total",
       kCounter,
       "Time that slots were held by jobs, in slot seconds.",
       {KindLabel()}},
      {"simclr_coordinator_lost_work_seconds_total",
       kCounter,
       "Training since the newest checkpoint of an attempt that had to be followed by another, in slot "
       "seconds; "
       "goodput is 1 - lost_work / slot.",
       {KindLabel()}},
  };
}

std::vector<Metric> Scheduling() {
  return {
      {"simclr_coordinator_schedule_decisions_total",
       kCounter,
       "Decisions of the scheduler that changed something: placed, or another reason or number to wait for.",
       {DecisionLabel()}},
      {"simclr_coordinator_schedule_duration_seconds",
       kHistogram,
       "Time of one slice of a pass over the queue, without the journal.",
       {},
       RpcBuckets()},
      {"simclr_coordinator_tick_duration_seconds",
       kHistogram,
       "Time of one look at what changed or is due, all its slices together, without the journal.",
       {},
       RpcBuckets()},
      {"simclr_coordinator_tick_piece_seconds",
       kHistogram,
       "Time of one slice of a tick; waiting calls have their turn after each.",
       {},
       RpcBuckets()},
      {"simclr_coordinator_workers",
       kGauge,
       "Workers: connected, unknown (silent, gets no new work) or lost (silent for too long); one that left "
       "with "
       "a "
       "good-bye is not counted.",
       {{"state", Words(ShownWorkerStates())}}},
      {"simclr_coordinator_slots",
       kGauge,
       "Slots of workers that are not lost: free, allocated, or unusable (by itself or as its worker is "
       "silent).",
       {SlotDeviceLabel(), {"state", {"free", "allocated", "unusable"}}}},
      {"simclr_coordinator_worker_last_heartbeat_timestamp_seconds",
       kGauge,
       "When the worker was heard last, in seconds since 1970.",
       {"worker"}},
      {"simclr_coordinator_heartbeats_total",
       kCounter,
       "Reports of agents: accepted, malformed, name_taken (another live process has the agent's name), "
       "replaced "
       "(it has it for good), protocol (a version that is not understood), refused (of another cluster, or "
       "as "
       "this process was replaced) or failed (the journal could not take them).",
       {{"result", {"accepted", "malformed", "name_taken", "replaced", "protocol", "refused", "failed"}}}},
      {"simclr_coordinator_workers_lost_total",
       kCounter,
       "Workers that went: silent for longer than the lost limit, or left with a good-bye.",
       {{"reason", {"silent", "left"}}}},
  };
}

std::vector<Metric> Durability() {
  return {
      {"simclr_coordinator_term",
       kGauge,
       "The fencing number of this coordinator; each start raises it.",
       {}},
      {"simclr_coordinator_revision", kGauge, "Revision of the last durable event.", {}},
      {"simclr_coordinator_stale_writes_total",
       kCounter,
       "What old attempts brought and was refused: exit, checkpoint, metrics or log.",
       {{"operation", {"exit", "checkpoint", "metrics", "log"}}}},
      {"simclr_coordinator_checkpoint_commits_total",
       kCounter,
       "Checkpoints that were reported: committed, or refused as of an old attempt.",
       {{"result", {"committed", "refused"}}}},
      {"simclr_coordinator_checkpoint_write_seconds",
       kHistogram,
       "Time that a committed checkpoint took to write.",
       {},
       CheckpointBuckets()},
      {"simclr_coordinator_db_transaction_seconds",
       kHistogram,
       "Time of a journal commit, the sync included.",
       {},
       StorageBuckets()},
      {"simclr_coordinator_invariant_refusals_total",
       kCounter,
       "Events that would have broken an invariant and were kept out of the journal: each is a defect.",
       {}},
      {"simclr_coordinator_db_errors_total",
       kCounter,
       "Failed journal commits: full, corrupt, busy or other.",
       {{"code", {"full", "corrupt", "busy", "other"}}}},
      {"simclr_coordinator_db_size_bytes", kGauge, "Size of state.db.", {}},
      {"simclr_coordinator_db_wal_size_bytes", kGauge, "Size of the write-ahead log beside state.db.", {}},
  };
}

std::vector<Metric> Collecting() {
  return {
      {"simclr_coordinator_collected_directories_total",
       kCounter,
       "Directories that the collector removed from the artifact root: checkpoints, and those of deleted "
       "jobs.",
       {}},
      {"simclr_coordinator_collected_bytes_total", kCounter, "Bytes of files that it removed.", {}},
      {"simclr_coordinator_collect_failures_total",
       kCounter,
       "Looks of the collector at a job's files that failed; each is tried again a minute later.",
       {}},
      {"simclr_coordinator_unknown_paths",
       kGauge,
       "Directories and files in the artifact root that no job of this database wrote; they are left alone.",
       {}},
  };
}

std::vector<Metric> Serving() {
  return {
      {"simclr_coordinator_watch_subscribers",
       kGauge,
       "Open calls that stream to a client: get -w, wait, logs -f, metrics.",
       {}},
      {"grpc_server_started_total", kCounter,
       "Calls that began, by method; grpc_type is unary, server_stream or bidi_stream.", CallLabels()},
      {"grpc_server_handled_total", kCounter, "Calls that ended, by method and status code.",
       EndedCallLabels()},
      {"grpc_server_handling_seconds", kHistogram,
       "Time of unary calls; a stream lasts as long as somebody listens and is not observed.",
       UnaryCallLabels(), RpcBuckets()},
      {"simclr_auth_requests_total",
       kCounter,
       "Calls by authorization, counted when they end (an agent's session when it begins): allowed with "
       "reason none; denied for no_credentials, unknown_token, no_certificate, role, method, other_worker, "
       "other_owner or priority.",
       {{"result", {"allowed", "denied"}},
        {"reason",
         {"none", "no_credentials", "unknown_token", "no_certificate", "role", "method", "other_worker",
          "other_owner", "priority"}}}},
      {"simclr_coordinator_refused_messages_total",
       kCounter,
       "Messages that were refused at the door, by type; reason is unreadable, size, items, range, text, "
       "word or "
       "context (the fields do not fit together).",
       {RequestLabel(), {"reason", RefusalReasons()}}},
      {"simclr_coordinator_unreadable_messages_total",
       kCounter,
       "Messages that could not be read: not of the type, or with text that is not UTF-8. worker is that of "
       "the "
       "certificate, empty for who has none.",
       {"worker"}},
      {"simclr_tls_certificate_expiry_timestamp_seconds",
       kGauge,
       "Earliest expiry, in seconds since 1970, of what is in use: own (certificate) and ca.",
       {{"role", {"own", "ca"}}}},
      {"simclr_coordinator_reload_refused",
       kGauge,
       "1 while certificates or tokens on disk are not sound, and those of before stay in use; the log says "
       "why.",
       {{"files", {"certificates", "tokens"}}}},
      {"simclr_coordinator_refused_connections_total",
       kCounter,
       "Connections to the gRPC port that were refused, as too many were open; silent ones make room and do "
       "not count.",
       {}},
      {"simclr_listener_selfcheck_failures_total",
       kCounter,
       "Self-checks in which the own gRPC port did not answer; several in a row fail /livez.",
       {}},
      {"simclr_metrics_series_dropped_total",
       kCounter,
       "Jobs whose series were left out as there were too many, added up over all scrapes: that it grows "
       "tells, how fast does not.",
       {}},
  };
}

std::vector<Metric> Jobs() {
  return {
      {"simclr_job_info",
       kGauge,
       "Always 1. source is the kind of data source, without its path.",
       {"job_id", "name", KindLabel(), "owner", "encoder", "source"}},
      {"simclr_job_phase", kGauge, "1 for the job's phase, 0 for all others.", {"job_id", PhaseLabel()}},
      {"simclr_job_step", kGauge, "Finished steps.", {"job_id"}},
      {"simclr_job_total_steps",
       kGauge,
       "Steps of the whole job; absent before its first start.",
       {"job_id"}},
      {"simclr_job_progress_ratio", kGauge, "Share of the steps that is finished, 0 to 1.", {"job_id"}},
      {"simclr_job_attempt",
       kGauge,
       "Number of the live attempt, else of the last; 0: none yet.",
       {"job_id"}},
      {"simclr_job_running_timestamp_seconds",
       kGauge,
       "Since when the live attempt is RUNNING, in seconds since 1970.",
       {"job_id"}},
      {"simclr_job_eta_timestamp_seconds",
       kGauge,
       "When the running attempt will be through at its mean speed so far, in seconds since 1970.",
       {"job_id"}},
      {"simclr_job_loss", kGauge, "Loss of the newest step.", {"job_id"}},
      {"simclr_job_images_per_second", kGauge, "Images a second of the newest step, all ranks.", {"job_id"}},
      {"simclr_job_checkpoint_interval_seconds",
       kGauge,
       "Longest time between two checkpoints: checkpoint.every_minutes; an epoch's end may come first.",
       {"job_id"}},
      {"simclr_job_checkpoint_last_commit_timestamp_seconds",
       kGauge,
       "When the newest checkpoint was committed, in seconds since 1970.",
       {"job_id"}},
      {"simclr_job_checkpoint_size_bytes", kGauge, "Size of the newest checkpoint.", {"job_id"}},
      {"simclr_job_linear_eval_accuracy_ratio",
       kGauge,
       "Accuracy of the newest finished linear evaluation of this pre-training job, 0 to 1.",
       {"job_id", {"topk", {"1", "5"}}}},
      {"simclr_job_linear_eval_random_accuracy_ratio",
       kGauge,
       "The same with an encoder of random weights.",
       {"job_id", {"topk", {"1", "5"}}}},
      {"simclr_job_knn_accuracy_ratio",
       kGauge,
       "Accuracy of the nearest neighbours in the newest finished evaluation, 0 to 1.",
       {"job_id"}},
      {"simclr_job_linear_eval_step", kGauge, "Step of the encoder that was evaluated.", {"job_id"}},
  };
}

std::vector<Metric> All() {
  std::vector<Metric> all = {{"simclr_build_info",
                              kGauge,
                              "Always 1; what this program was built as.",
                              {{"component", {"coordinator"}}, "version", "grpc"}}};
  for (std::vector<Metric> part : {JobTotals(), Scheduling(), Durability(), Collecting(), Serving(), Jobs(),
                                   ProcessMetrics::Metrics()}) {
    std::move(part.begin(), part.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace

const MetricList& Metrics() {
  static const MetricList list(All());
  return list;
}

}  // namespace simclr::coordinator
