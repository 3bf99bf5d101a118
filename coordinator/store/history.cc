#include "coordinator/store/history.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "coordinator/state/change.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr std::size_t kEventText = 300;
constexpr char kSelf[] = "coordinator";
constexpr char kRepairMessage[] =
    "a repair of the coordinator's journal took an event of this job out; submit it again to go on from its "
    "last checkpoint";

std::string ShortText(const v1::Event& event) {
  v1::Event change = event;
  change.clear_revision();
  change.clear_at();
  change.clear_actor();
  change.clear_service_time();
  std::string text = change.ShortDebugString();  // its strings are escaped, so that it may be cut anywhere
  if (text.size() > kEventText) text = absl::StrCat(text.substr(0, kEventText), " ...");
  return text;
}

class Replayer {
 public:
  explicit Replayer(const ReplayOptions& options) : options_(options) {}

  absl::Status Begin(const History& history) {
    if (history.snapshot.empty()) return absl::OkStatus();
    std::vector<JobPtr> ended;
    SIMCLR_ASSIGN_OR_RETURN(replayed_.state, ClusterState::Parse(history.snapshot, &ended));
    for (const JobPtr& job : ended) replayed_.ended[job->job().id()] = job;
    return absl::OkStatus();
  }

  absl::Status Take(const StoredEvent& stored) {
    v1::Event event;
    if (stored.lost || !event.ParseFromString(stored.body)) {
      return Refuse(stored.revision, v1::Event(),
                    stored.lost ? "it is missing or on a damaged page" : "it is no event");
    }
    if (options_.skip.count(stored.revision) != 0) return TakeOut(event, "it was to be skipped");
    if (event.has_files_condemned() && MayDiffer(event.files_condemned().job_id()))
      return TakeOut(event, "its job is not as it was when these files were of no use");
    AddStub(event);
    const absl::StatusOr<Change> change = Derive(replayed_.state, event);
    if (!change.ok()) return Refuse(stored.revision, event, std::string(change.status().message()));
    Keep(std::move(event), *change);
    return absl::OkStatus();
  }

  Replayed Result() && { return std::move(replayed_); }

 private:
  // Whether an event that was taken out may have been about the job.
  bool MayDiffer(const std::string& job) const { return all_differ_ || different_.count(job) > 0; }

  // Events of before stubs were part of them.
  void AddStub(v1::Event& event) const {
    if (!event.has_job_submitted() || event.job_submitted().has_after()) return;
    const auto found = replayed_.ended.find(event.job_submitted().job().spec().after());
    if (found != replayed_.ended.end())
      *event.mutable_job_submitted()->mutable_after() = StubOf(*found->second);
  }

  absl::Status Refuse(std::int64_t revision, v1::Event event, const std::string& reason) {
    event.set_revision(revision);
    if (options_.repair || options_.skip.count(revision) != 0) return TakeOut(event, reason);
    return absl::DataLossError(absl::StrCat(
        DescribeEvent(event), " does not fit: ", reason, "; 'simclr-coordinator check --data-dir ",
        options_.directory, "' says what else does not, 'simclr-coordinator repair --data-dir ",
        options_.directory, " --skip ", revision, "' goes on without it; or restore a backup"));
  }

  absl::Status TakeOut(const v1::Event& event, const std::string& reason) {
    const std::string what = absl::StrCat(DescribeEvent(event), ": ", reason);
    v1::Event instead;
    different_.insert(JobOf(event));
    all_differ_ |= event.change_case() == v1::Event::CHANGE_NOT_SET;
    const JobPtr job = replayed_.state.FindJob(JobOf(event));
    if (job != nullptr && IsOpen(*job)) {
      instead = EndJob(*job, v1::PHASE_FAILED, v1::REASON_REPAIRED, kRepairMessage);
      replayed_.findings.push_back(absl::StrCat(what, "; its job ends as failed"));
    } else {
      instead.mutable_event_dropped()->set_reason(reason);
      instead.mutable_event_dropped()->set_event(ShortText(event));
      replayed_.findings.push_back(what);
    }
    Stamp(event, instead);
    SIMCLR_ASSIGN_OR_RETURN(const Change change, Derive(replayed_.state, instead));
    Keep(std::move(instead), change);
    return absl::OkStatus();
  }

  // As the event that it replaces; what that lacks comes from the one before.
  void Stamp(const v1::Event& event, v1::Event& instead) const {
    instead.set_revision(event.revision());
    instead.set_actor(kSelf);
    if (event.has_at()) *instead.mutable_at() = event.at();
    if (event.has_service_time()) *instead.mutable_service_time() = event.service_time();
    if (event.has_at() || replayed_.events.empty()) return;
    *instead.mutable_at() = replayed_.events.back().at();
    *instead.mutable_service_time() = replayed_.events.back().service_time();
  }

  void Keep(v1::Event event, const Change& change) {
    for (const auto& [id, job] : change.jobs) {
      if (!IsOpen(*job)) replayed_.ended[id] = job;
    }
    for (const auto& [id, tombstone] : change.tombstones) replayed_.ended.erase(id);
    replayed_.state.Merge(change);
    replayed_.events.push_back(std::move(event));
  }

  const ReplayOptions& options_;
  std::set<std::string> different_;  // jobs of which an event was taken out
  bool all_differ_ = false;          // one was, and nobody can read of which job
  Replayed replayed_;
};

}  // namespace

std::string DescribeEvent(const v1::Event& event) {
  return absl::StrCat("event ", event.revision(), " (", ShortText(event), ")");
}

v1::Event EndJob(const v1::JobRecord& record, v1::Phase phase, v1::Reason reason,
                 const std::string& message) {
  v1::Event event;
  const v1::AttemptRecord* live = LiveAttempt(record);
  if (live == nullptr) {
    v1::JobEnded& ended = *event.mutable_job_ended();
    ended.set_job_id(record.job().id());
    ended.set_phase(phase);
    ended.set_reason(reason);
    ended.set_message(message);
    return event;
  }
  v1::AttemptEnded& ended = *event.mutable_attempt_ended();
  ended.set_job_id(record.job().id());
  ended.set_attempt(live->summary().attempt());
  ended.set_failure(v1::FAILURE_CLASS_WORKER_LOST);
  ended.set_culprit_rank(-1);
  ended.set_attempt_message(message);
  ended.set_phase(phase);
  ended.set_reason(reason);
  ended.set_job_message(message);
  ended.set_failures_in_row(record.failures_in_row());
  ended.set_fruitless_attempts(record.fruitless_attempts());
  ended.set_step(record.job().status().step());
  ended.set_epoch(record.job().status().epoch());
  return event;
}

absl::StatusOr<Replayed> Replay(const History& history, const ReplayOptions& options) {
  Replayer replayer(options);
  SIMCLR_RETURN_IF_ERROR(replayer.Begin(history));
  for (const StoredEvent& event : history.events) SIMCLR_RETURN_IF_ERROR(replayer.Take(event));
  return std::move(replayer).Result();
}

}  // namespace simclr::coordinator
