// Coordinator: the cluster as operators and metrics see it.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/job/proto_time.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/page.h"
#include "coordinator/policy/exclusion.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

// What holds the slots of one worker.
struct WorkerSlots {
  WorkerPtr record;
  std::vector<JobPtr> jobs;
};

void ShowHolders(const WorkerSlots& slots, v1::Worker& worker) {
  for (const JobPtr& job : slots.jobs) {
    const v1::AttemptRecord& attempt = *LiveAttempt(*job);
    for (const v1::RankRecord& rank : attempt.ranks()) {
      if (rank.worker() != worker.name()) continue;
      for (v1::Slot& slot : *worker.mutable_slots()) {
        if (slot.index() != rank.slot()) continue;
        slot.set_job_id(job->job().id());
        slot.set_attempt(attempt.summary().attempt());
        slot.set_rank(rank.rank());
      }
    }
  }
}

// Trainers of attempts that are over hold their slots until they have gone.
void ShowLeftovers(const v1::Observed& observed, v1::Worker& worker) {
  for (const v1::ObservedRank& rank : observed.ranks()) {
    for (v1::Slot& slot : *worker.mutable_slots()) {
      if (slot.index() != rank.slot() || !slot.job_id().empty()) continue;
      slot.set_job_id(rank.job_id());
      slot.set_attempt(rank.attempt());
      slot.set_rank(rank.rank());
      slot.set_unusable_reason(absl::StrCat("pid ", rank.pid(), " of job ", rank.job_id(), " has not ended",
                                            rank.stuck().empty() ? "" : absl::StrCat(": ", rank.stuck())));
    }
  }
}

// Of workers that are there: which slots their records want excluded, and which of these are.
void ShowExclusions(const std::vector<WorkerSlots>& all, absl::Duration service_now,
                    std::vector<v1::Worker>& workers) {
  std::vector<ExclusionWish> wishes;
  std::map<v1::Device, DeviceSlots> slots;
  for (const WorkerSlots& worker : all) {
    if (worker.record->gone()) continue;
    for (const v1::Slot& slot : worker.record->worker().slots()) {
      ++slots[slot.device()].present;
      if (slot.usable()) ++slots[slot.device()].sound;
      const absl::Time until = ExcludedUntil(*worker.record, slot, service_now);
      const bool wanted = slot.usable() && until > absl::InfinitePast();
      if (wanted) wishes.push_back({{worker.record->worker().name(), slot.index()}, slot.device(), until});
    }
  }
  const std::set<SlotKey> chosen = ChooseExcluded(wishes, slots);
  for (std::size_t i = 0; i < all.size() && !wishes.empty(); ++i) {
    for (v1::Slot& slot : *workers[i].mutable_slots()) {
      if (ExcludedUntil(*all[i].record, slot, service_now) == absl::InfinitePast()) continue;
      const v1::SlotHealth& health = *FindHealth(RefOf(workers[i].name(), slot), *all[i].record);
      slot.set_exclusion_reason(health.reason());
      if (chosen.count({workers[i].name(), slot.index()}) > 0)
        *slot.mutable_excluded_until() = health.until();
    }
  }
}

}  // namespace

absl::StatusOr<v1::ListWorkersResponse> Coordinator::ListWorkers(
    const v1::ListWorkersRequest& request) const {
  std::vector<v1::Worker> workers = Workers();
  if (!request.name().empty()) {
    workers.erase(std::remove_if(workers.begin(), workers.end(),
                                 [&](const v1::Worker& worker) { return worker.name() != request.name(); }),
                  workers.end());
  }
  v1::ListWorkersResponse response;
  SIMCLR_RETURN_IF_ERROR(FillPage(
      workers, [](const v1::Worker& worker) { return worker.name(); }, request, response.mutable_workers(),
      response.mutable_next_page_token()));
  return response;
}

std::vector<v1::Worker> Coordinator::Workers() const {
  std::vector<WorkerSlots> all;
  {
    absl::ReaderMutexLock lock(&shared_.mutex);
    for (const auto& [name, record] : shared_.state.workers()) {
      WorkerSlots& slots = all.emplace_back(WorkerSlots{record, {}});
      for (const std::string& job : shared_.state.JobsOn(name))
        slots.jobs.push_back(shared_.state.FindJob(job));
    }
  }
  const absl::Duration now = clock_.Monotonic();
  std::vector<v1::Worker> workers;
  for (const WorkerSlots& slots : all) {
    v1::Worker& worker = workers.emplace_back(slots.record->worker());
    worker.set_state(observations_.StateOf(options_.policy.liveness, *slots.record, now));
    const auto news = observations_.FindWorker(worker.name());
    worker.set_refusal(observations_.RefusalOf(worker.name()));
    ShowHolders(slots, worker);
    if (!news.has_value()) continue;
    *worker.mutable_last_seen() = ToProto(news->heard_at_wall);
    *worker.mutable_troubles() = news->observed->troubles();
    ShowLeftovers(*news->observed, worker);
  }
  ShowExclusions(all, service_clock_.Now().service, workers);
  return workers;
}

ClusterView Coordinator::View(absl::Duration recent) const {
  ClusterView view;
  view.term = term();
  view.now = clock_.Now();
  std::vector<JobPtr> jobs;
  std::map<std::string, std::int64_t> ended_steps;  // of jobs that open evaluations come after
  std::set<std::string> left;
  {
    absl::ReaderMutexLock lock(&shared_.mutex);
    view.revision = shared_.state.revision();
    view.job_counts = shared_.state.Counts();
    for (const auto& [id, record] : shared_.state.jobs()) {
      jobs.push_back(record);
      const JobPtr before = shared_.state.FindJob(record->job().spec().after());
      if (before != nullptr) ended_steps[before->job().id()] = before->job().status().step();
    }
    for (const auto& [name, record] : shared_.state.workers()) {
      if (record->left()) left.insert(name);
    }
  }
  {
    const absl::Duration since = clock_.Monotonic() - recent;
    absl::MutexLock lock(&mutex_);
    for (const auto& [ended_at, record] : recent_) {
      if (ended_at <= since) continue;
      jobs.push_back(record);
      ended_steps[record->job().id()] = record->job().status().step();
    }
  }
  for (const JobPtr& record : jobs) {
    JobView& job = view.jobs.emplace_back();
    job.job = Describe(*record);
    if (!record->checkpoints().empty()) job.checkpoint = *record->checkpoints().rbegin();
    const auto before = ended_steps.find(record->job().spec().after());
    if (before != ended_steps.end()) job.evaluated_step = before->second;
  }
  for (v1::Worker& worker : Workers()) {
    if (left.count(worker.name()) == 0) view.workers.push_back(std::move(worker));
  }
  return view;
}

}  // namespace simclr::coordinator
