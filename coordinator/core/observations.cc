#include "coordinator/core/observations.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

// Two Observed with the same outline lead to the same decisions.
std::string Outline(const v1::Observed& observed) {
  std::string outline = absl::StrCat(observed.incarnation(), observed.leaving() ? " leaving" : "");
  for (const v1::ObservedRank& rank : observed.ranks()) {
    absl::StrAppend(&outline, " ", rank.job_id(), "/", rank.attempt(), "/", rank.rank(),
                    rank.started() ? "+" : "-", rank.store_endpoint());
  }
  return outline;
}

const v1::ObservedRank* Find(const v1::Observed& observed, const std::string& job_id, int attempt, int rank) {
  for (const v1::ObservedRank& seen : observed.ranks()) {
    if (seen.rank() == rank && seen.attempt() == attempt && seen.job_id() == job_id) return &seen;
  }
  return nullptr;
}

}  // namespace

bool Observations::Record(const v1::Observed& observed, const Moment& now) {
  WorkerNews& news = workers_[observed.worker()];
  const bool changed = Outline(news.observed) != Outline(observed);
  NoteProgress(news.observed, observed, now.monotonic);
  news.heard_at = now.monotonic;
  news.heard_at_wall = now.wall;
  news.observed = observed;
  return changed;
}

void Observations::NoteProgress(const v1::Observed& before, const v1::Observed& after, absl::Duration now) {
  for (const v1::ObservedRank& rank : after.ranks()) {
    const v1::ObservedRank* earlier = Find(before, rank.job_id(), rank.attempt(), rank.rank());
    const auto timers = timers_.find(rank.job_id());
    if (earlier == nullptr || rank.step() <= earlier->step() || timers == timers_.end()) continue;
    if (timers->second.attempt == rank.attempt()) timers->second.progress[after.worker()] = now;
  }
}

void Observations::FollowAttempts(const ClusterState& state, absl::Duration now) {
  for (const auto& [id, record] : state.jobs()) {
    const v1::AttemptRecord* live = LiveAttempt(record);
    if (live == nullptr) {
      timers_.erase(id);
      continue;
    }
    Timers& timers = timers_[id];
    if (timers.attempt != live->summary().attempt()) {
      timers = Timers();
      timers.attempt = live->summary().attempt();
      timers.placed = now;
    }
    if (!live->exits().empty() && !timers.first_exit) timers.first_exit = now;
    if (record.job().status().phase() == v1::PHASE_STOPPING && !timers.stopping) timers.stopping = now;
    NoteAbsence(record, *live, now, timers);
  }
}

// Every rank of a running attempt was observed once, perhaps before this process started.
void Observations::NoteAbsence(const v1::JobRecord& record, const v1::AttemptRecord& live, absl::Duration now,
                               Timers& timers) const {
  if (record.job().status().phase() != v1::PHASE_RUNNING) return;
  for (const v1::RankRecord& rank : live.ranks()) {
    const WorkerNews* news = FindWorker(rank.worker());
    const bool heard = news != nullptr && news->observed.incarnation() == rank.incarnation();
    if (heard && FindRank(record.job().id(), live.summary().attempt(), rank) == nullptr) {
      timers.absent.try_emplace(rank.rank(), now);
    } else {
      timers.absent.erase(rank.rank());
    }
  }
}

const Observations::WorkerNews* Observations::FindWorker(const std::string& worker) const {
  const auto found = workers_.find(worker);
  return found == workers_.end() ? nullptr : &found->second;
}

const v1::ObservedRank* Observations::FindRank(const std::string& job_id, int attempt,
                                               const v1::RankRecord& rank) const {
  const WorkerNews* news = FindWorker(rank.worker());
  if (news == nullptr || news->observed.incarnation() != rank.incarnation()) return nullptr;
  return Find(news->observed, job_id, attempt, rank.rank());
}

std::string Observations::StoreEndpoint(const v1::JobRecord& record, const v1::AttemptRecord& attempt) const {
  const v1::ObservedRank* seen = FindRank(record.job().id(), attempt.summary().attempt(), attempt.ranks(0));
  return seen == nullptr ? "" : seen->store_endpoint();
}

std::optional<Observations::Progress> Observations::FindProgress(const v1::JobRecord& record) const {
  const v1::AttemptRecord* live = LiveAttempt(record);
  if (live == nullptr) return std::nullopt;
  std::optional<Progress> progress;
  for (const v1::RankRecord& rank : live->ranks()) {
    const v1::ObservedRank* seen = FindRank(record.job().id(), live->summary().attempt(), rank);
    if (seen == nullptr || (progress && seen->step() <= progress->step)) continue;
    progress = Progress{seen->step(), seen->total_steps(), seen->epoch()};
  }
  return progress;
}

absl::Duration Observations::SinceGangProgress(const ClusterState& state, const std::string& worker,
                                               absl::Duration heard_at, absl::Duration now) const {
  absl::Duration since = absl::InfiniteDuration();
  for (const auto& [id, timers] : timers_) {
    const v1::JobRecord* record = state.FindJob(id);
    const v1::AttemptRecord* live = record == nullptr ? nullptr : LiveAttempt(*record);
    if (live == nullptr || live->summary().attempt() != timers.attempt) continue;
    const bool lives_here = std::any_of(live->ranks().begin(), live->ranks().end(),
                                        [&](const v1::RankRecord& rank) { return rank.worker() == worker; });
    if (!lives_here) continue;
    for (const auto& [other, at] : timers.progress) {
      if (other != worker && at > heard_at) since = std::min(since, now - at);
    }
  }
  return since;
}

v1::WorkerState Observations::StateOf(const LivenessOptions& options, const ClusterState& state,
                                      const v1::WorkerRecord& worker, absl::Duration now) const {
  if (worker.gone()) return v1::WORKER_STATE_LOST;
  const WorkerNews* news = FindWorker(worker.worker().name());
  const absl::Duration heard_at = news == nullptr ? start_ : news->heard_at;
  WorkerSilence silence;
  silence.silent = now - heard_at;
  silence.since_start = now - start_;
  silence.since_gang_progress = SinceGangProgress(state, worker.worker().name(), heard_at, now);
  const v1::WorkerState judged = JudgeWorker(options, silence);
  return news == nullptr && judged == v1::WORKER_STATE_CONNECTED ? v1::WORKER_STATE_UNKNOWN : judged;
}

AttemptView Observations::ViewOf(const LivenessOptions& options, const ClusterState& state,
                                 const v1::JobRecord& record, const v1::AttemptRecord& attempt,
                                 absl::Duration now) const {
  AttemptView view;
  view.stopping = record.job().status().phase() == v1::PHASE_STOPPING;
  view.starting = record.job().status().phase() == v1::PHASE_STARTING;
  const auto found = timers_.find(record.job().id());
  const Timers timers = found == timers_.end() ? Timers{0, now, {}, {}, {}, {}} : found->second;
  view.since_placed = now - timers.placed;
  view.since_first_exit = timers.first_exit ? now - *timers.first_exit : absl::ZeroDuration();
  for (const v1::RankRecord& rank : attempt.ranks()) {
    RankView& seen = view.ranks.emplace_back();
    seen.rank = rank.rank();
    seen.worker_name = rank.worker();
    seen.exit = FindExit(attempt, rank.rank());
    seen.observed = FindRank(record.job().id(), attempt.summary().attempt(), rank);
    const v1::WorkerRecord* worker = state.FindWorker(rank.worker());
    const bool restarted = worker == nullptr || worker->worker().incarnation() != rank.incarnation();
    seen.worker = restarted ? v1::WORKER_STATE_LOST : StateOf(options, state, *worker, now);
    const auto absent = timers.absent.find(rank.rank());
    seen.absent = absent == timers.absent.end() ? absl::ZeroDuration() : now - absent->second;
    const WorkerNews* news = FindWorker(rank.worker());
    seen.stop_seen = timers.stopping && news != nullptr && news->heard_at > *timers.stopping;
  }
  return view;
}

}  // namespace simclr::coordinator
