#pragma once

#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/base/protocol.h"
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

// Of an agent process that was not given an incarnation yet.
inline v1::Observed WorkerReport(const std::string& name, std::uint64_t nonce, int slots) {
  v1::Observed observed;
  observed.set_worker(name);
  observed.set_protocol(kProtocol);
  observed.set_nonce(nonce);
  observed.set_sequence(1);
  observed.set_address("127.0.0.1");
  for (int i = 0; i < slots; ++i) {
    v1::Slot& slot = *observed.add_slots();
    slot.set_index(i);
    slot.set_device(v1::DEVICE_CPU);
    slot.set_usable(true);
  }
  return observed;
}

// One exchange on a session, of a coordinator without threads. CANCELLED: there is nothing to say.
inline absl::StatusOr<v1::Desired> Observe(Coordinator& coordinator, const v1::Observed& observed) {
  absl::StatusOr<v1::Desired> answer = absl::UnknownError("no answer");
  coordinator.Observe(observed, [&answer](absl::StatusOr<std::optional<Orders>> orders) {
    if (!orders.ok()) {
      answer = orders.status();
    } else if (orders->has_value()) {
      answer = std::move((*orders)->desired);
    } else {
      answer = absl::CancelledError("quiet");
    }
  });
  return answer;
}

// A coordinator on a memory journal under a fake clock, that can be "killed" and started again.
class TestCluster {
 public:
  TestCluster() { Restart(); }

  void Restart() {
    coordinator_.reset();
    journal_ = std::make_unique<MemoryJournal>(disk);
    ended_ = std::make_unique<MemoryEndedJobs>(disk);
    CoordinatorOptions options;
    options.data_roots = {"/data"};
    options.max_open_jobs = max_open_jobs;
    options.snapshot_every = snapshot_every;
    options.die = [](const absl::Status& status) {
      std::cerr << "the journal broke: " << status << std::endl;
      std::abort();
    };
    options.random = [this] { return random_(); };
    coordinator_ = Coordinator::Open(options, clock, *journal_, *ended_, metrics, observer_).value();
  }

  Coordinator& operator*() { return *coordinator_; }
  Coordinator* operator->() { return coordinator_.get(); }

  // Time passes and all that follows is written, as the server's threads do it.
  void Tick() {
    coordinator_->Tick();
    (void)coordinator_->Snapshot(/*always=*/false);
  }

  std::string Submit(const v1::JobSpec& spec) {
    return coordinator_->Submit(SubmitRequest(spec), "ann").value().id();
  }
  absl::StatusOr<v1::Job> Cancel(const std::string& job, const std::string& request_id = "") {
    v1::CancelJobRequest request;
    request.set_job(job);
    request.set_request_id(request_id);
    return coordinator_->Cancel(request, "ann",
                                [](const std::string&, const std::string&) { return absl::OkStatus(); });
  }
  v1::JobStatus StatusOf(const std::string& job) { return coordinator_->GetJob(job).value().status(); }
  v1::Phase PhaseOf(const std::string& job) { return StatusOf(job).phase(); }

  FakeClock clock;
  MemoryDisk disk;
  MemoryStepMetrics metrics;
  std::int64_t snapshot_every = 10'000;
  std::int64_t max_open_jobs = CoordinatorOptions().max_open_jobs;

 private:
  std::mt19937_64 random_{1};
  CoordinatorObserver observer_;
  std::unique_ptr<MemoryJournal> journal_;
  std::unique_ptr<MemoryEndedJobs> ended_;
  std::unique_ptr<Coordinator> coordinator_;
};

// Does what it is told, and remembers what it runs.
class FakeAgent {
 public:
  FakeAgent(std::string name, int slots) : name_(std::move(name)), slots_(slots) {}

  // One exchange: says everything, then starts and stops what Desired says.
  void Beat(Coordinator& coordinator) {
    const absl::StatusOr<v1::Desired> desired = Observe(coordinator, Report());
    if (desired.ok()) Obey(*desired);
  }

  v1::Observed Report() {
    v1::Observed observed = WorkerReport(name_, nonce_, slots_);
    observed.set_incarnation(incarnation_);
    observed.set_sequence(++sequence_);
    for (const v1::ObservedRank& rank : ranks_) *observed.add_ranks() = rank;
    return observed;
  }

  void Obey(const v1::Desired& desired) {
    incarnation_ = desired.incarnation();
    std::vector<v1::ObservedRank> kept;
    for (const v1::DesiredRank& wanted : desired.ranks()) {
      if (HasExited(wanted.job_id(), wanted.attempt(), wanted.rank())) continue;
      v1::ObservedRank rank;
      if (const v1::ObservedRank* running = Find(wanted.job_id(), wanted.attempt(), wanted.rank()))
        rank = *running;
      rank.set_job_id(wanted.job_id());
      rank.set_attempt(wanted.attempt());
      rank.set_rank(wanted.rank());
      rank.set_nonce(wanted.nonce());
      nonces_[{wanted.job_id(), wanted.attempt()}] = wanted.nonce();
      rank.set_slot(wanted.slot());
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
    incarnation_ = 0;
    ++nonce_;
    sequence_ = 0;
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
    request.set_nonce(rank.nonce());
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

  // By rank 0 of the attempt, which this agent runs or ran.
  absl::Status Commit(Coordinator& coordinator, const std::string& job, int attempt, std::int64_t step,
                      const std::string& path = "") {
    v1::CommitCheckpointRequest request;
    request.set_worker(name_);
    request.set_incarnation(incarnation_);
    request.mutable_checkpoint()->set_job_id(job);
    request.mutable_checkpoint()->set_attempt(attempt);
    request.mutable_checkpoint()->set_step(step);
    request.mutable_checkpoint()->set_path(path);
    request.mutable_checkpoint()->set_nonce(nonces_[{job, attempt}]);
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
  std::uint64_t incarnation_ = 0;  // not given yet
  std::uint64_t nonce_ = 1;
  std::int64_t sequence_ = 0;
  std::map<std::pair<std::string, int>, std::string> nonces_;  // of placements here, by job and attempt
  std::vector<v1::ObservedRank> ranks_;
  std::vector<std::tuple<std::string, int, int>> exited_;  // job, attempt, rank
};

}  // namespace simclr::coordinator
