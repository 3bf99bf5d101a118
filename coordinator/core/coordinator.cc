#include "coordinator/core/coordinator.h"

#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr char kSelf[] = "coordinator";
constexpr std::size_t kRecentlyEnded = 10'000;

absl::StatusOr<ClusterState> Replay(const Journal::Recovered& recovered) {
  ClusterState state;
  if (!recovered.snapshot.empty()) {
    SIMCLR_ASSIGN_OR_RETURN(state, ClusterState::Parse(recovered.snapshot));
  }
  for (const v1::Event& event : recovered.events) {
    const absl::Status applied = state.Apply(event);
    if (applied.ok()) continue;
    return absl::DataLossError(absl::StrCat(
        "the journal holds an event that does not fit: ", applied.message(), ", in event ", event.revision(),
        " (", event.ShortDebugString().substr(0, 200),
        "); see what else does not fit with `simclr-coordinator check "
        "--data-dir DIR`, and go on without it with `simclr-coordinator repair --data-dir DIR --skip ",
        event.revision(), "`, or restore a backup"));
  }
  return state;
}

WriterOptions WriterOptionsOf(const CoordinatorOptions& options) {
  WriterOptions writer;
  writer.die = options.die ? options.die : [](const absl::Status&) { std::_Exit(EXIT_FAILURE); };
  return writer;
}

TickerOptions TickerOptionsOf(const CoordinatorOptions& options) {
  TickerOptions ticker;
  ticker.policy = options.policy;
  ticker.random = options.random;
  return ticker;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Coordinator>> Coordinator::Open(CoordinatorOptions options, const Clock& clock,
                                                               Journal& journal, EndedJobs& ended,
                                                               StepMetricsStore& metrics,
                                                               CoordinatorObserver& observer) {
  SIMCLR_ASSIGN_OR_RETURN(const Journal::Recovered recovered, journal.Load());
  SIMCLR_ASSIGN_OR_RETURN(ClusterState state, Replay(recovered));
  std::unique_ptr<Coordinator> coordinator(
      new Coordinator(std::move(options), clock, journal, ended, metrics, observer, std::move(state)));
  absl::MutexLock lock(&coordinator->mutex_);
  const auto after_snapshot = static_cast<std::int64_t>(recovered.events.size());
  coordinator->snapshot_revision_ = coordinator->revision() - after_snapshot;
  return coordinator;
}

Coordinator::Coordinator(CoordinatorOptions options, const Clock& clock, Journal& journal, EndedJobs& ended,
                         StepMetricsStore& metrics, CoordinatorObserver& observer, ClusterState state)
    : options_(std::move(options)),
      clock_(clock),
      journal_(journal),
      ended_(ended),
      metrics_(metrics),
      observer_(observer),
      holder_(options_.random()),
      service_clock_(clock, state.service_time()),
      observations_(clock.Monotonic()),
      ticker_(TickerOptionsOf(options_), service_clock_, observations_, observer_),
      writer_(WriterOptionsOf(options_), service_clock_, journal_, shared_, observer_,
              [this](const std::vector<CheckedEvent>& events) { OnApplied(events); }),
      last_slice_(clock.Monotonic()) {
  absl::MutexLock lock(&shared_.mutex);
  shared_.state = std::move(state);
  ticker_.Rebuild(shared_.state);
}

Coordinator::~Coordinator() {
  Stop();
}

void Coordinator::Start() {
  threaded_ = true;
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "writer");
    RunWriter();
  });
}

void Coordinator::Stop() {
  if (!thread_.joinable()) return;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  writer_.Close();
  thread_.join();
  threaded_ = false;
}

void Coordinator::RunWriter() {
  for (;;) {
    const bool wrote = writer_.RunOnce();
    if (SliceIsDue()) {
      RunSlice();
      continue;
    }
    if (wrote) continue;
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return;
    }
    writer_.Await(
        std::clamp(ticker_.NextSlice() - clock_.Monotonic(), absl::ZeroDuration(), absl::Seconds(1)));
  }
}

bool Coordinator::SliceIsDue() const {
  return ticker_.NextSlice() <= clock_.Monotonic();
}

void Coordinator::RunSlice() {
  const absl::Duration now = clock_.Monotonic();
  if (now - std::exchange(last_slice_, now) > kStoodStill + absl::Seconds(1)) observations_.Reopen(now);
  const absl::Status written = writer_.Write(kSelf, [this](Decision& decision) { ticker_.Slice(decision); });
  if (written.ok()) return;
  LogError("decisions are put off", {{"error", std::string(written.message())}});
  absl::ReaderMutexLock lock(&shared_.mutex);
  ticker_.Abandon(shared_.state);
}

void Coordinator::Tick() {
  last_slice_ = clock_.Monotonic();
  do {
    RunSlice();
  } while (ticker_.in_tick());
}

absl::Status Coordinator::Perform(const Caller& caller, std::function<absl::Status(Decision&)> decide) {
  absl::Notification over;
  absl::Status result;
  SIMCLR_RETURN_IF_ERROR(writer_.Enqueue({caller.name, std::move(decide),
                                          [&](const absl::Status& status) {
                                            result = status;
                                            over.Notify();
                                          },
                                          caller.gone}));
  if (!threaded_) writer_.RunOnce();
  over.WaitForNotification();
  return result;
}

void Coordinator::OnApplied(const std::vector<CheckedEvent>& events) {
  {
    absl::ReaderMutexLock lock(&shared_.mutex);
    ticker_.OnApplied(shared_.state, events);
  }
  const absl::Duration now = clock_.Monotonic();
  absl::MutexLock lock(&mutex_);
  ++changes_;
  for (const CheckedEvent& checked : events) {
    for (const auto& [name, worker] : checked.change.workers) changed_workers_.insert(name);
    for (const auto& [id, record] : checked.change.jobs) {
      if (!checked.event.has_job_waits()) AddGang(*record, changed_workers_);
      if (!IsOpen(*record)) recent_.emplace_back(now, record);
    }
    for (const auto& [id, tombstone] : checked.change.tombstones) {
      const auto is_it = [&id = id](const auto& ended) { return ended.second->job().id() == id; };
      recent_.erase(std::remove_if(recent_.begin(), recent_.end(), is_it), recent_.end());
    }
  }
  while (recent_.size() > kRecentlyEnded) recent_.pop_front();
}

void Coordinator::NoteChange(const std::set<std::string>& workers) {
  {
    absl::MutexLock lock(&mutex_);
    ++changes_;
    changed_workers_.insert(workers.begin(), workers.end());
  }
  writer_.Wake();
}

std::set<std::string> Coordinator::TakeChangedWorkers() {
  absl::MutexLock lock(&mutex_);
  return std::exchange(changed_workers_, {});
}

absl::Status Coordinator::Snapshot(bool always) {
  StateImage image;
  {
    absl::ReaderMutexLock lock(&shared_.mutex);
    image = shared_.state.Image();
  }
  {
    absl::MutexLock lock(&mutex_);
    const std::int64_t events = image.revision - snapshot_revision_;
    if (events == 0 || (!always && events < options_.snapshot_every)) return absl::OkStatus();
  }
  SIMCLR_RETURN_IF_ERROR(journal_.WriteSnapshot(image.revision, image.Serialize()));
  absl::MutexLock lock(&mutex_);
  snapshot_revision_ = image.revision;
  return absl::OkStatus();
}

std::int64_t Coordinator::revision() const {
  absl::ReaderMutexLock lock(&shared_.mutex);
  return shared_.state.revision();
}

std::int64_t Coordinator::WaitForChange(std::int64_t seen, absl::Duration timeout) const {
  absl::MutexLock lock(&mutex_);
  const auto changed = [this, seen]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return changes_ > seen; };
  mutex_.AwaitWithTimeout(absl::Condition(&changed), timeout);
  return changes_;
}

}  // namespace simclr::coordinator
