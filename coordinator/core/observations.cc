#include "coordinator/core/observations.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/job/defaults.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

// Two Observed with the same outline lead to the same decisions.
std::string Outline(const v1::Observed& observed) {
  std::string outline = absl::StrCat(observed.nonce(), observed.leaving() ? " leaving" : "");
  for (const v1::ObservedRank& rank : observed.ranks()) {
    absl::StrAppend(&outline, " ", rank.job_id(), "/", rank.attempt(), "/", rank.nonce(), "/", rank.rank(),
                    rank.started() ? "+" : "-", rank.store_endpoint());
  }
  return outline;
}

const v1::ObservedRank* FindIn(const v1::Observed& observed, const std::string& job_id,
                               const std::string& nonce, int rank) {
  for (const v1::ObservedRank& seen : observed.ranks()) {
    if (seen.rank() == rank && seen.nonce() == nonce && seen.job_id() == job_id) return &seen;
  }
  return nullptr;
}

// Of one agent process.
bool ComesBefore(const v1::Observed& observed, const v1::Observed& before) {
  return observed.nonce() == before.nonce() && observed.sequence() < before.sequence();
}

}  // namespace

bool Observations::IsOlder(const v1::Observed& observed) const {
  absl::MutexLock lock(&mutex_);
  const WorkerNews* news = Find(observed.worker());
  return news != nullptr && ComesBefore(observed, *news->observed);
}

Observations::Taken Observations::Record(const v1::Observed& observed, const Moment& now) {
  auto kept = std::make_shared<const v1::Observed>(observed);
  absl::MutexLock lock(&mutex_);
  const auto known = workers_.find(observed.worker());
  if (known != workers_.end()) {
    if (ComesBefore(observed, *known->second.observed)) return Taken::kOlder;
    NoteProgress(*known->second.observed, observed, now.monotonic);
  }
  NoteSteps(observed, now.monotonic);
  refusals_.OnAccepted(observed.worker());
  const bool news = known == workers_.end() || Outline(*known->second.observed) != Outline(observed);
  workers_[observed.worker()] = {now.monotonic, now.wall, std::move(kept), true};
  return news ? Taken::kNews : Taken::kSame;
}

bool Observations::NoteRefused(const std::string& worker, const std::string& text, absl::Duration now) {
  absl::MutexLock lock(&mutex_);
  refused_at_[worker] = now;
  return refusals_.OnRefused(worker, text, now);
}

std::string Observations::RefusalOf(const std::string& worker) const {
  absl::MutexLock lock(&mutex_);
  return refusals_.LastText(worker).value_or("");
}

void Observations::EndSession(const std::string& worker, std::uint64_t nonce) {
  absl::MutexLock lock(&mutex_);
  const auto known = workers_.find(worker);
  if (known != workers_.end() && known->second.observed->nonce() == nonce) known->second.in_session = false;
}

void Observations::Reopen(absl::Duration now) {
  absl::MutexLock lock(&mutex_);
  start_ = now;
}

void Observations::NoteSteps(const v1::Observed& observed, absl::Duration now) {
  for (const v1::ObservedRank& rank : observed.ranks()) {
    if (rank.rank() != 0 || !rank.started()) continue;
    const auto timers = timers_.find(rank.job_id());
    if (timers == timers_.end() || timers->second.nonce != rank.nonce()) continue;
    timers->second.steps.OnStep(rank.step(), rank.activity(), now);
  }
}

void Observations::NoteProgress(const v1::Observed& before, const v1::Observed& after, absl::Duration now) {
  for (const v1::ObservedRank& rank : after.ranks()) {
    const v1::ObservedRank* earlier = FindIn(before, rank.job_id(), rank.nonce(), rank.rank());
    const auto timers = timers_.find(rank.job_id());
    if (earlier == nullptr || rank.step() <= earlier->step() || timers == timers_.end()) continue;
    if (timers->second.nonce == rank.nonce()) timers->second.progress[after.worker()] = now;
  }
}

void Observations::FollowAttempt(const v1::JobRecord& record, absl::Duration now) {
  const std::string& id = record.job().id();
  const v1::AttemptRecord* live = LiveAttempt(record);
  if (live == nullptr) return Forget(id);
  absl::MutexLock lock(&mutex_);
  Timers& timers = timers_[id];
  if (timers.attempt != live->summary().attempt() || timers.nonce != live->nonce()) {
    for (const auto& [worker, at] : timers.progress) gangs_[worker].erase(id);
    timers = Timers();
    timers.attempt = live->summary().attempt();
    timers.nonce = live->nonce();
    timers.placed = now;
    for (const v1::RankRecord& rank : live->ranks()) {
      timers.progress.try_emplace(rank.worker(), -absl::InfiniteDuration());
      gangs_[rank.worker()].insert(id);
    }
  }
  if (!live->exits().empty() && !timers.first_exit) timers.first_exit = now;
  if (record.job().status().phase() == v1::PHASE_STOPPING && !timers.stopping) timers.stopping = now;
  NoteAbsence(record, *live, now, timers);
}

void Observations::Forget(const std::string& job) {
  absl::MutexLock lock(&mutex_);
  const auto known = timers_.find(job);
  if (known == timers_.end()) return;
  for (const auto& [worker, at] : known->second.progress) gangs_[worker].erase(job);
  timers_.erase(known);
}

// Every rank of a running attempt was observed once, perhaps before this process started.
void Observations::NoteAbsence(const v1::JobRecord& record, const v1::AttemptRecord& live, absl::Duration now,
                               Timers& timers) const {
  const bool ran = record.job().status().phase() == v1::PHASE_RUNNING;
  for (const v1::RankRecord& rank : live.ranks()) {
    const WorkerNews* news = Find(rank.worker());
    const bool here = Find(record.job().id(), live, rank) != nullptr;
    if (here) timers.seen.insert(rank.rank());
    const bool expected = news != nullptr && (ran || timers.seen.count(rank.rank()) > 0);
    if (expected && !here) {
      timers.absent.try_emplace(rank.rank(), now);
    } else {
      timers.absent.erase(rank.rank());
    }
  }
}

const Observations::WorkerNews* Observations::Find(const std::string& worker) const {
  const auto found = workers_.find(worker);
  return found == workers_.end() ? nullptr : &found->second;
}

std::optional<Observations::WorkerNews> Observations::FindWorker(const std::string& worker) const {
  absl::MutexLock lock(&mutex_);
  const WorkerNews* found = Find(worker);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

absl::Duration Observations::HeardAt(const std::string& worker) const {
  absl::MutexLock lock(&mutex_);
  return SignOfLife(worker);
}

absl::Duration Observations::SignOfLife(const std::string& worker) const {
  const WorkerNews* news = Find(worker);
  const absl::Duration heard = news == nullptr ? start_ : news->heard_at;
  const auto refused = refused_at_.find(worker);
  return refused == refused_at_.end() ? heard : std::max(heard, refused->second);
}

Observations::Rank Observations::Find(const std::string& job_id, const v1::AttemptRecord& attempt,
                                      const v1::RankRecord& rank) const {
  const WorkerNews* news = Find(rank.worker());
  if (news == nullptr) return nullptr;
  const v1::ObservedRank* seen = FindIn(*news->observed, job_id, attempt.nonce(), rank.rank());
  return seen == nullptr ? nullptr : Rank(news->observed, seen);
}

Observations::Rank Observations::FindRank(const std::string& job_id, const v1::AttemptRecord& attempt,
                                          const v1::RankRecord& rank) const {
  absl::MutexLock lock(&mutex_);
  return Find(job_id, attempt, rank);
}

std::string Observations::StoreEndpoint(const std::string& job_id, const v1::AttemptRecord& attempt) const {
  const Rank seen = FindRank(job_id, attempt, attempt.ranks(0));
  return seen == nullptr ? "" : seen->store_endpoint();
}

std::optional<Observations::Progress> Observations::FindProgress(const v1::JobRecord& record) const {
  const v1::AttemptRecord* live = LiveAttempt(record);
  if (live == nullptr) return std::nullopt;
  absl::MutexLock lock(&mutex_);
  std::optional<Progress> progress;
  for (const v1::RankRecord& rank : live->ranks()) {
    const Rank seen = Find(record.job().id(), *live, rank);
    if (seen == nullptr || (progress && seen->step() <= progress->step)) continue;
    progress = Progress{seen->step(), seen->total_steps(), seen->epoch()};
  }
  return progress;
}

std::optional<Observations::Opening> Observations::FindOpening(const v1::JobRecord& record) const {
  const v1::AttemptRecord* live = LiveAttempt(record);
  if (live == nullptr) return std::nullopt;
  absl::MutexLock lock(&mutex_);
  std::optional<Opening> least;
  for (const v1::RankRecord& rank : live->ranks()) {
    const Rank seen = Find(record.job().id(), *live, rank);
    if (seen == nullptr || seen->activity() != v1::ACTIVITY_OPENING_DATA) continue;
    if (least && std::pair(seen->files_listed(), seen->bytes_read()) >=
                     std::pair(least->files_listed, least->bytes_read)) {
      continue;
    }
    least = Opening{rank.rank(), seen->files_listed(), seen->bytes_read()};
  }
  return least;
}

absl::Duration Observations::SinceGangProgress(const std::string& worker, absl::Duration heard_at,
                                               absl::Duration now) const {
  absl::Duration since = absl::InfiniteDuration();
  const auto jobs = gangs_.find(worker);
  if (jobs == gangs_.end()) return since;
  for (const std::string& job : jobs->second) {
    for (const auto& [other, at] : timers_.at(job).progress) {
      if (other != worker && at > heard_at) since = std::min(since, now - at);
    }
  }
  return since;
}

v1::WorkerState Observations::Judge(const LivenessOptions& options, const v1::WorkerRecord& worker,
                                    absl::Duration now) const {
  const std::string& name = worker.worker().name();
  if (worker.gone() || refusals_.IsLost(name, now, options.orphan_limit)) return v1::WORKER_STATE_LOST;
  if (!refusals_.MayTakeWork(name, now)) return v1::WORKER_STATE_UNKNOWN;
  const WorkerNews* news = Find(name);
  const absl::Duration heard_at = SignOfLife(name);
  WorkerSilence silence;
  silence.silent = now - heard_at;
  silence.since_start = now - start_;
  if (silence.silent >= options.unknown_after) {
    silence.since_gang_progress = SinceGangProgress(name, heard_at, now);
  }
  const v1::WorkerState judged = JudgeWorker(options, silence);
  return news == nullptr && judged == v1::WORKER_STATE_CONNECTED ? v1::WORKER_STATE_UNKNOWN : judged;
}

v1::WorkerState Observations::StateOf(const LivenessOptions& options, const v1::WorkerRecord& worker,
                                      absl::Duration now) const {
  absl::MutexLock lock(&mutex_);
  return Judge(options, worker, now);
}

AttemptView Observations::ViewOf(const LivenessOptions& options, const StateReader& state,
                                 const v1::JobRecord& record, const v1::AttemptRecord& attempt,
                                 absl::Duration now) const {
  absl::MutexLock lock(&mutex_);
  AttemptView view;
  view.stopping = record.job().status().phase() == v1::PHASE_STOPPING;
  view.starting = record.job().status().phase() == v1::PHASE_STARTING;
  const auto found = timers_.find(record.job().id());
  Timers timers;
  timers.placed = now;
  if (found != timers_.end()) timers = found->second;
  view.since_placed = now - timers.placed;
  view.since_stopping = timers.stopping ? now - *timers.stopping : absl::ZeroDuration();
  view.since_first_exit = timers.first_exit ? now - *timers.first_exit : absl::ZeroDuration();
  view.since_stopping = timers.stopping ? now - *timers.stopping : absl::ZeroDuration();
  view.limits = LimitsOf(WithDefaults(record.job().spec().limits()), timers.steps);
  for (const v1::RankRecord& rank : attempt.ranks()) {
    RankView& seen = view.ranks.emplace_back();
    seen.rank = rank.rank();
    seen.worker_name = rank.worker();
    seen.exit = FindExit(attempt, rank.rank());
    seen.observed = Find(record.job().id(), attempt, rank);
    // A process that came after the one that got the rank does not have it, unless it shows it.
    const WorkerPtr worker = state.FindWorker(rank.worker());
    const bool restarted = worker != nullptr && worker->worker().incarnation() != rank.incarnation();
    const bool lost = worker == nullptr || (restarted && seen.observed == nullptr);
    seen.worker = lost ? v1::WORKER_STATE_LOST : Judge(options, *worker, now);
    const auto absent = timers.absent.find(rank.rank());
    seen.absent = absent == timers.absent.end() ? absl::ZeroDuration() : now - absent->second;
    const WorkerNews* news = Find(rank.worker());
    seen.stop_seen = timers.stopping && news != nullptr && news->heard_at > *timers.stopping;
  }
  return view;
}

}  // namespace simclr::coordinator
