#include "worker/agent/metric_list.h"

#include <utility>
#include <vector>

#include "common/edge/message_refusal.h"
#include "common/metrics/buckets.h"
#include "common/metrics/process_metrics.h"
#include "worker/agent/trainer_series.h"
#include "worker/agent/words.h"

namespace simclr::agent {
namespace {

constexpr prometheus::MetricType kCounter = prometheus::MetricType::Counter;
constexpr prometheus::MetricType kGauge = prometheus::MetricType::Gauge;
constexpr prometheus::MetricType kHistogram = prometheus::MetricType::Histogram;

std::vector<Metric> OfTheAgent() {
  return {
      {"simclr_build_info",
       kGauge,
       "Always 1; what this program was built as.",
       {{"component", {"worker"}}, "version", "grpc"}},
      {"simclr_worker_info",
       kGauge,
       "Facts about this worker; always 1. device: cpu or cuda; gpu_name and driver are empty without a GPU.",
       {"worker", "version", {"device", {"cpu", "cuda"}}, "gpu_name", "driver"}},
      {"simclr_worker_coordinator_connected",
       kGauge,
       "1 while the session with the coordinator is up, else 0.",
       {}},
      {"simclr_worker_heartbeat_ack_timestamp_seconds",
       kGauge,
       "When the coordinator last answered the state that this worker sends as its heartbeat.",
       {}},
      {"simclr_worker_seen_term", kGauge, "Highest term of a coordinator that was obeyed.", {}},
      {"simclr_worker_coordinator_conflicts_total",
       kCounter,
       "Orders that were refused because they came from a second coordinator of the same term.",
       {}},
      {"simclr_worker_refused_messages_total",
       kCounter,
       "Messages of the coordinator (Desired, LogWanted) and of trainers (TrainerReport) that were "
       "refused at the door; reason as in simclr_coordinator_refused_messages_total.",
       {{"message", RefusableMessages()}, {"reason", RefusalReasons()}}},
      {"simclr_worker_spooled_reports",
       kGauge,
       "Exits, commits, archived logs and metric batches that wait for the coordinator.",
       {}},
      {"simclr_worker_quarantined_reports",
       kGauge,
       "Reports that could not be delivered and lie in the spool's quarantine.",
       {}},
      {"simclr_worker_dropped_metrics_total",
       kCounter,
       "Metric batches that were dropped: too many waited, or the coordinator refused them.",
       {}},
      {"simclr_worker_archived_log_bytes_total",
       kCounter,
       "Bytes of logs that were copied to the artifact root.",
       {}},
      {"simclr_worker_archive_failures_total",
       kCounter,
       "Logs that could not be copied to the artifact root; they are tried again.",
       {}},
      {"simclr_worker_unarchived_logs", kGauge, "Logs of ended ranks that wait for the artifact root.", {}},
      {"simclr_worker_unarchived_log_bytes", kGauge, "What of them is not copied yet.", {}},
      {"simclr_worker_no_answer_seconds",
       kGauge,
       "For how long the longest call of the agent to a disk or driver has had no answer; 0 below some "
       "seconds.",
       {}},
      {"simclr_worker_stuck_trainers",
       kGauge,
       "Trainers that were killed and are still there, because they wait in the kernel.",
       {}},
      {"simclr_worker_free_bytes",
       kGauge,
       "Free bytes: of the agent's own directory, and of shared memory.",
       {{"disk", {"agent", "shared_memory"}}}},
      {"simclr_worker_draining",
       kGauge,
       "1 while this worker takes no more work and drains its trainers before it ends, else 0.",
       {}},
      {"simclr_worker_slots", kGauge, "Slots by state.", {{"state", {"free", "allocated", "unusable"}}}},
      {"simclr_worker_trainers",
       kGauge,
       "Live trainers by activity; unknown is one that only a newer version knows.",
       {{"activity", Words(AllActivities())}}},
      {"simclr_worker_trainer_exits_total",
       kCounter,
       "Ended trainers by failure class.",
       {{"class", Words(AllExitClasses())}}},
  };
}

std::vector<Metric> OfSteps() {
  return {
      {"simclr_train_steps_total", kCounter, "Optimizer steps that a rank took.", {"job_id", "rank"}},
      {"simclr_train_images_total",
       kCounter,
       "Images, not views, that a rank trained on.",
       {"job_id", "rank"}},
      {"simclr_train_step_duration_seconds",
       kHistogram,
       "Duration of a step, from report to report, of all ranks of the job on this worker.",
       {"job_id"},
       StepBuckets()},
      {"simclr_train_phase_seconds_total",
       kCounter,
       "Seconds of the training thread by phase of a step. With NCCL, whose collectives are only queued, "
       "bn_sync is about 0 and its time is in forward and backward.",
       {"job_id", "rank", {"phase", StepPhases()}}},
      {"simclr_train_global_step", kGauge, "Steps of the job that are finished.", {"job_id"}},
      {"simclr_train_epoch", kGauge, "Epochs of the job that are finished, with fraction.", {"job_id"}},
      {"simclr_train_images_per_second",
       kGauge,
       "Images, not views, a second of the newest step, of all ranks together.",
       {"job_id"}},
      {"simclr_train_loss",
       kGauge,
       "NT-Xent loss of the newest step, mean over the global batch.",
       {"job_id"}},
      {"simclr_train_contrastive_accuracy_ratio",
       kGauge,
       "Share of views whose partner is among the topk most similar candidates: 1 or 5. Chance is topk / "
       "simclr_train_contrastive_candidates.",
       {"job_id", {"topk", {"1", "5"}}}},
      {"simclr_train_contrastive_entropy_nats",
       kGauge,
       "Entropy of the softmax over the candidates, in nats.",
       {"job_id"}},
      {"simclr_train_contrastive_candidates",
       kGauge,
       "Candidates for the partner of a view: the global batch.",
       {"job_id"}},
      {"simclr_train_learning_rate", kGauge, "Learning rate of the newest step.", {"job_id"}},
      {"simclr_train_temperature", kGauge, "Temperature of the loss.", {"job_id"}},
      {"simclr_train_grad_norm", kGauge, "Norm of the whole gradient of the newest step.", {"job_id"}},
      {"simclr_train_nonfinite_total",
       kCounter,
       "Attempts that ended because loss or gradient was not finite.",
       {"job_id"}},
  };
}

std::vector<Metric> OfCollapse() {
  return {
      {"simclr_train_alignment",
       kGauge,
       "Mean squared distance of the two views of an image (Wang and Isola); every 25th step.",
       {"job_id"}},
      {"simclr_train_uniformity",
       kGauge,
       "Log of the mean Gaussian potential of pairs (Wang and Isola); every 25th step.",
       {"job_id"}},
      {"simclr_train_positive_similarity",
       kGauge,
       "Mean cosine of the two views of an image; every 25th step.",
       {"job_id"}},
      {"simclr_train_negative_similarity",
       kGauge,
       "Mean cosine of views of different images; every 25th step.",
       {"job_id"}},
      {"simclr_train_embedding_std_normalized",
       kGauge,
       "Standard deviation of L2-normalised rows times the root of their width, of space z (embeddings) or h "
       "(features): healthy are about 1 for z and 0.3 to 0.6 for h, near 0 is collapsed; every 25th step.",
       {"job_id", {"space", {"z", "h"}}}},
      {"simclr_train_embedding_effective_rank",
       kGauge,
       "Effective rank of the embeddings (RankMe); every 25th step.",
       {"job_id"}},
  };
}

std::vector<Metric> OfLoader() {
  return {
      {"simclr_loader_busy_seconds_total",
       kCounter,
       "Seconds of the loader's threads by stage, decode or augment: beside training, so no phase of a step.",
       {"job_id", "rank", {"stage", LoaderStages()}}},
      {"simclr_loader_queue_depth",
       kGauge,
       "Batches that were ready when the newest step asked for one.",
       {"job_id", "rank"}},
      {"simclr_loader_queue_capacity", kGauge, "Batches that the loader holds at most.", {"job_id", "rank"}},
      {"simclr_loader_samples_total",
       kCounter,
       "Images that the ranks on this worker were to train on, by result: ok, or bad, for which another "
       "stood "
       "in as it could not be decoded.",
       {"job_id", {"result", {"ok", "bad"}}}},
  };
}

std::vector<Metric> OfCheckpoints() {
  return {
      {"simclr_checkpoint_write_seconds", kHistogram, "Time to write a checkpoint.", {}, CheckpointBuckets()},
      {"simclr_checkpoint_writes_total",
       kCounter,
       "Checkpoints by result: ok, or error where rank 0 failed while it wrote one.",
       {{"result", {"ok", "error"}}}},
      {"simclr_checkpoint_blocked_seconds_total",
       kCounter,
       "Seconds that training stood still for checkpoints; without the one after the last step.",
       {"job_id"}},
      {"simclr_checkpoint_last_success_timestamp_seconds",
       kGauge,
       "When the newest checkpoint was written.",
       {"job_id"}},
      {"simclr_checkpoint_size_bytes", kGauge, "Size of the newest checkpoint.", {"job_id"}},
  };
}

std::vector<Metric> OfMemoryAndGpus() {
  return {
      {"simclr_trainer_memory_bytes", kGauge, "Resident memory of a trainer.", {"job_id", "rank"}},
      {"simclr_gpu_memory_allocated_bytes",
       kGauge,
       "GPU memory that LibTorch has given to tensors.",
       {"job_id", "rank"}},
      {"simclr_gpu_memory_reserved_bytes",
       kGauge,
       "GPU memory that LibTorch holds, tensors and cache.",
       {"job_id", "rank"}},
      {"simclr_gpu_utilization_ratio",
       kGauge,
       "Share of the time in which the GPU was busy, as NVML measures it.",
       {"gpu"}},
      {"simclr_gpu_memory_used_bytes", kGauge, "Memory of the GPU in use by all processes.", {"gpu"}},
      {"simclr_gpu_power_watts", kGauge, "Power that the GPU draws.", {"gpu"}},
      {"simclr_gpu_temperature_celsius", kGauge, "Temperature of the GPU.", {"gpu"}},
  };
}

std::vector<Metric> OfEvaluation() {
  return {
      {"simclr_eval_accuracy_ratio",
       kGauge,
       "Accuracy of a linear evaluation: topk 1 while it runs, 1 and 5 of its end.",
       {"job_id", {"topk", {"1", "5"}}}},
      {"simclr_eval_loss", kGauge, "Loss of the classifier in its newest epoch.", {"job_id"}},
      {"simclr_eval_epoch", kGauge, "Epochs of the classifier that are finished.", {"job_id"}},
  };
}

std::vector<Metric> Everything() {
  std::vector<Metric> all;
  for (const auto& section : {OfTheAgent(), OfSteps(), OfCollapse(), OfLoader(), OfCheckpoints(),
                              OfMemoryAndGpus(), OfEvaluation(), ProcessMetrics::Metrics()}) {
    all.insert(all.end(), section.begin(), section.end());
  }
  return all;
}

}  // namespace

const MetricList& WorkerMetricList() {
  static const MetricList list(Everything());
  return list;
}

}  // namespace simclr::agent
