#pragma once

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/core/coordinator.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_journal.h"

namespace simclr::coordinator {

inline v1::JobSpec PretrainSpec(const std::string& name, int ranks = 1) {
  v1::JobSpec spec;
  spec.set_name(name);
  spec.set_kind(v1::JOB_KIND_PRETRAIN);
  spec.mutable_resources()->set_ranks(ranks);
  spec.mutable_data()->set_source("synthetic:train=64");
  spec.mutable_train()->set_global_batch(64 * ranks);
  return spec;
}

inline v1::SubmitJobRequest SubmitRequest(const v1::JobSpec& spec, const std::string& request_id = "") {
  v1::SubmitJobRequest request;
  *request.mutable_spec() = spec;
  request.set_request_id(request_id);
  return request;
}

inline v1::Observed WorkerReport(const std::string& name, std::uint64_t incarnation, int slots) {
  v1::Observed observed;
  observed.set_worker(name);
  observed.set_incarnation(incarnation);
  observed.set_address("127.0.0.1");
  for (int i = 0; i < slots; ++i) {
    v1::Slot& slot = *observed.add_slots();
    slot.set_index(i);
    slot.set_device(v1::DEVICE_CPU);
    slot.set_usable(true);
  }
  return observed;
}

// A coordinator on a memory journal under a fake clock, that can be "killed" and started again.
class TestCluster {
 public:
  explicit TestCluster(std::uint64_t seed = 1) : random_(seed) { Restart(); }

  void Restart() {
    coordinator_.reset();
    journal_ = std::make_unique<MemoryJournal>(disk);
    CoordinatorOptions options;
    options.data_roots = {"/data"};
    options.snapshot_every = snapshot_every;
    options.random = [this] { return random_(); };
    coordinator_ = Coordinator::Open(options, clock, *journal_, metrics, observer_).value();
  }

  Coordinator& operator*() { return *coordinator_; }
  Coordinator* operator->() { return coordinator_.get(); }

  std::string Submit(const v1::JobSpec& spec) {
    return coordinator_->Submit(SubmitRequest(spec), "ann").value().id();
  }
  v1::JobStatus StatusOf(const std::string& job) { return coordinator_->GetJob(job).value().status(); }
  v1::Phase PhaseOf(const std::string& job) { return StatusOf(job).phase(); }

  FakeClock clock;
  MemoryDisk disk;
  MemoryStepMetrics metrics;
  std::int64_t snapshot_every = 10'000;

 private:
  std::mt19937_64 random_;
  CoordinatorObserver observer_;
  std::unique_ptr<MemoryJournal> journal_;
  std::unique_ptr<Coordinator> coordinator_;
};

// Does what it is told, and remembers what it runs.
class FakeAgent {
 public:
  FakeAgent(std::string name, int slots) : name_(std::move(name)), slots_(slots) {}

  // One exchange: says everything, then starts and stops what Desired says.
  void Beat(Coordinator& coordinator) {
    const absl::StatusOr<v1::Desired> desired = coordinator.Observe(Report());
    if (desired.ok()) Obey(*desired);
  }

  v1::Observed Report() const {
    v1::Observed observed = WorkerReport(name_, incarnation_, slots_);
    for (const v1::ObservedRank& rank : ranks_) *observed.add_ranks() = rank;
    return observed;
  }

  void Obey(const v1::Desired& desired) {
    std::vector<v1::ObservedRank> kept;
    for (const v1::DesiredRank& wanted : desired.ranks()) {
      if (HasExited(wanted.job_id(), wanted.attempt(), wanted.rank())) continue;
      v1::ObservedRank rank;
      if (const v1::ObservedRank* running = Find(wanted.job_id(), wanted.attempt(), wanted.rank()))
        rank = *running;
      rank.set_job_id(wanted.job_id());
      rank.set_attempt(wanted.attempt());
      rank.set_rank(wanted.rank());
      if (wanted.rank() == 0) rank.set_store_endpoint("127.0.0.1:29500");
      if (wanted.order() == v1::ORDER_RUN && !rank.started()) {
        rank.set_started(true);
        rank.set_resumed_from_step(wanted.resume_size() > 0 ? wanted.resume(0).step() : 0);
        rank.set_step(rank.resumed_from_step());
        rank.set_total_steps(total_steps);
        rank.set_precision("fp32");
      }
      kept.push_back(rank);
    }
    ranks_ = std::move(kept);
  }

  // The process dies with its trainers and another one starts.
  void Restart() {
    ++incarnation_;
    ranks_.clear();
    exited_.clear();
  }

  // The trainer ends, and nobody hears of it.
  void Lose(v1::ObservedRank rank) { Remove(rank.job_id(), rank.attempt(), rank.rank()); }

  absl::Status Exit(Coordinator& coordinator, const v1::ObservedRank& rank, v1::FailureClass failure,
                    const std::string& message = "") {
    v1::ReportExitRequest request;
    request.set_worker(name_);
    request.set_incarnation(incarnation_);
    request.set_job_id(rank.job_id());
    request.set_attempt(rank.attempt());
    request.set_rank(rank.rank());
    request.set_failure(failure);
    request.set_message(message);
    request.set_step(rank.step());
    request.set_total_steps(rank.total_steps());
    request.set_epoch(rank.epoch());
    if (failure == v1::FAILURE_CLASS_SUCCESS && rank.rank() == 0)
      (*request.mutable_results())["pretrain/loss"] = 1.5;
    Remove(rank.job_id(), rank.attempt(), rank.rank());
    return coordinator.ReportExit(request);
  }

  absl::StatusOr<v1::CommitCheckpointResponse> Commit(Coordinator& coordinator, const std::string& job,
                                                      int attempt, std::int64_t step) const {
    v1::CommitCheckpointRequest request;
    request.set_worker(name_);
    request.set_incarnation(incarnation_);
    request.mutable_checkpoint()->set_job_id(job);
    request.mutable_checkpoint()->set_attempt(attempt);
    request.mutable_checkpoint()->set_step(step);
    return coordinator.CommitCheckpoint(request);
  }

  std::vector<v1::ObservedRank>& ranks() { return ranks_; }
  const std::string& name() const { return name_; }

  std::int64_t total_steps = 10;

 private:
  const v1::ObservedRank* Find(const std::string& job, int attempt, int rank) const {
    for (const v1::ObservedRank& running : ranks_) {
      if (running.job_id() == job && running.attempt() == attempt && running.rank() == rank) return &running;
    }
    return nullptr;
  }
  bool HasExited(const std::string& job, int attempt, int rank) const {
    for (const auto& [j, a, r] : exited_) {
      if (j == job && a == attempt && r == rank) return true;
    }
    return false;
  }
  void Remove(std::string job, int attempt, int rank) {
    for (auto it = ranks_.begin(); it != ranks_.end(); ++it) {
      if (it->job_id() == job && it->attempt() == attempt && it->rank() == rank) {
        ranks_.erase(it);
        break;
      }
    }
    exited_.emplace_back(job, attempt, rank);
  }

  const std::string name_;
  const int slots_;
  std::uint64_t incarnation_ = 1;
  std::vector<v1::ObservedRank> ranks_;
  std::vector<FollowedRank> exited_;
};

}  // namespace simclr::coordinator
