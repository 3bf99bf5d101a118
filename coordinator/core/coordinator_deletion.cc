// Coordinator: jobs that are forgotten, by request or because their time is over.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/job/proto_time.h"
#include "coordinator/core/answers.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/deletion.h"
#include "coordinator/core/job_page.h"
#include "coordinator/core/page.h"
#include "coordinator/core/submission.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr char kDelete[] = "DeleteJobs";
constexpr char kPrune[] = "PruneJobs";
constexpr char kSelf[] = "coordinator";
constexpr int kTries = 3;  // of a job that ends meanwhile
constexpr std::int64_t kExpiredAtOnce = 256;
constexpr std::int64_t kExpiredLookedAt = 10'000;

v1::DeletedJob ToBeDeleted(const v1::JobRecord& record) {
  v1::DeletedJob job;
  job.set_id(record.job().id());
  job.set_name(record.job().spec().name());
  job.set_owner(record.job().owner());
  return job;
}

// What a page of a prune did: the revisions of its events, and where the next page begins.
struct Pruned {
  std::int64_t after = 0;
  std::int64_t last = 0;
  std::string next_page_token;

  std::string Text() const { return absl::StrCat(after, " ", last, " ", next_page_token); }
  static Pruned Parse(const std::string& text) {
    const std::vector<std::string> words = absl::StrSplit(text, ' ');
    Pruned pruned;
    const bool read = words.size() == 3 && absl::SimpleAtoi(words[0], &pruned.after) &&
                      absl::SimpleAtoi(words[1], &pruned.last);
    if (read) pruned.next_page_token = words[2];
    return pruned;
  }
};

}  // namespace

absl::StatusOr<v1::DeleteJobsResponse> Coordinator::Delete(const v1::DeleteJobsRequest& request,
                                                           const Caller& caller, const MayChange& may) {
  SIMCLR_RETURN_IF_ERROR(CheckDeleteRequest(request));
  const std::string hash = ContentHash(request);
  for (int tries = 1;; ++tries) {
    std::vector<JobPtr> ended;  // null: it is open, was deleted, or never was
    for (const std::string& id : request.jobs()) {
      SIMCLR_ASSIGN_OR_RETURN(ended.emplace_back(), ended_.Find(id));
    }
    v1::DeleteJobsResponse response;
    const absl::Status decided = Perform(caller, [&](Decision& decision) -> absl::Status {
      SIMCLR_ASSIGN_OR_RETURN(const auto earlier, FindAnswer(decision, kDelete, request.request_id(), hash));
      for (int i = 0; i < request.jobs_size() && !earlier.has_value(); ++i) {
        SIMCLR_RETURN_IF_ERROR(DecideDeletion(decision, request.jobs(i), ended[i], request.force(), may));
      }
      for (const std::string& id : request.jobs()) {
        const TombstonePtr tombstone = decision.state().FindTombstone(id);
        if (tombstone != nullptr) *response.add_jobs() = tombstone->job();
      }
      if (!earlier.has_value()) RememberAnswer(decision, kDelete, request.request_id(), hash, "");
      return absl::OkStatus();
    });
    if (absl::IsNotFound(decided) && tries < kTries) continue;
    SIMCLR_RETURN_IF_ERROR(decided);
    return response;
  }
}

absl::Status Coordinator::DecideDeletion(Decision& decision, const std::string& id, const JobPtr& ended,
                                         bool force, const MayChange& may) const {
  const StateReader& state = decision.state();
  if (const TombstonePtr tombstone = state.FindTombstone(id)) return WasDeleted(*tombstone);
  const JobPtr record = ended != nullptr ? ended : state.FindJob(id);
  if (record == nullptr) return NoSuchJob(id);
  SIMCLR_RETURN_IF_ERROR(may(record->job().owner(), id));
  if (ended == nullptr) {
    if (!IsOpen(*record)) return absl::NotFoundError("it ended meanwhile");
    return absl::FailedPreconditionError(
        absl::StrCat("job ", id, " has not ended; cancel it first, then delete it"));
  }
  SIMCLR_RETURN_IF_ERROR(CheckDeletable(state, *ended, force));
  return decision.Add(DeletedEvent(*ended));
}

absl::StatusOr<JobQuery> Coordinator::ReadPrune(const v1::PruneJobsRequest& request,
                                                const std::string& caller) const {
  v1::ListJobsRequest filter = request.filter();
  filter.set_newest_first(true);
  SIMCLR_ASSIGN_OR_RETURN(JobQuery query, ReadQuery(filter, caller));
  if (request.keep() < 0) return absl::InvalidArgumentError("keep is negative; name how many jobs stay");
  // Those that stay are the newest that match, whenever they ended.
  std::int64_t kept = request.filter().page_token().empty() ? request.keep() : 0;
  while (kept > 0) {
    const JobRange range{query.range.after, std::min<std::int64_t>(kept, kMaxPageSize), true};
    SIMCLR_ASSIGN_OR_RETURN(const std::vector<JobPtr> newest, ended_.List(query.filter, range));
    if (newest.empty()) break;
    kept -= static_cast<std::int64_t>(newest.size());
    query.range.after = newest.back()->job().id();
  }
  if (kept > 0) query.wants_ended = false;  // fewer match than stay
  if (request.has_older_than()) query.filter.ended_before = clock_.Now() - FromProto(request.older_than());
  return query;
}

absl::StatusOr<v1::PruneJobsResponse> Coordinator::Prune(const v1::PruneJobsRequest& request,
                                                         const Caller& caller) {
  SIMCLR_ASSIGN_OR_RETURN(const JobQuery query, ReadPrune(request, caller.name));
  std::vector<JobPtr> jobs;
  if (query.wants_ended) {
    SIMCLR_ASSIGN_OR_RETURN(jobs, ended_.List(query.filter, query.range));
  }
  v1::PruneJobsResponse response;
  if (static_cast<std::int64_t>(jobs.size()) == query.range.limit) {
    jobs.pop_back();
    response.set_next_page_token(jobs.back()->job().id());
  }
  if (request.dry_run()) {
    absl::ReaderMutexLock lock(&shared_.mutex);
    for (const JobPtr& job : jobs) {
      if (CheckDeletable(shared_.state, *job, request.force()).ok()) *response.add_jobs() = ToBeDeleted(*job);
    }
    return response;
  }
  SIMCLR_RETURN_IF_ERROR(
      Perform(caller, [&](Decision& decision) { return DecidePrune(decision, request, jobs, response); }));
  return response;
}

absl::Status Coordinator::DecidePrune(Decision& decision, const v1::PruneJobsRequest& request,
                                      const std::vector<JobPtr>& jobs,
                                      v1::PruneJobsResponse& response) const {
  const std::string hash = ContentHash(request);
  SIMCLR_ASSIGN_OR_RETURN(const auto earlier, FindAnswer(decision, kPrune, request.request_id(), hash));
  if (earlier.has_value()) {
    const Pruned pruned = Pruned::Parse(earlier->job_id);
    const auto& deletions = decision.base().deletions();
    const auto end = deletions.upper_bound(pruned.last);
    for (auto it = deletions.upper_bound(pruned.after); it != end; ++it)
      *response.add_jobs() = it->second->job();
    response.set_next_page_token(pruned.next_page_token);
    return absl::OkStatus();
  }
  Pruned pruned{decision.state().revision(), 0, response.next_page_token()};
  for (const JobPtr& job : jobs) {
    if (!CheckDeletable(decision.state(), *job, request.force()).ok()) continue;
    SIMCLR_RETURN_IF_ERROR(decision.Add(DeletedEvent(*job)));
    *response.add_jobs() = decision.state().FindTombstone(job->job().id())->job();
  }
  pruned.last = decision.state().revision();
  RememberAnswer(decision, kPrune, request.request_id(), hash, pruned.Text());
  return absl::OkStatus();
}

absl::StatusOr<int> Coordinator::DeleteExpired(const KeepEndedJobs& keep) {
  Expiry expiry{service_clock_.Now().service, -absl::InfiniteDuration(), keep.number};
  if (keep.age.has_value()) expiry.ended_before = expiry.now - *keep.age;
  SIMCLR_ASSIGN_OR_RETURN(std::vector<std::string> ids, ended_.Expired(expiry, kExpiredLookedAt));
  {
    absl::ReaderMutexLock lock(&shared_.mutex);
    ids.erase(std::remove_if(ids.begin(), ids.end(),
                             [this](const std::string& id) ABSL_SHARED_LOCKS_REQUIRED(shared_.mutex) {
                               return !shared_.state.NamersOf(id).empty();
                             }),
              ids.end());
  }
  if (static_cast<std::int64_t>(ids.size()) > kExpiredAtOnce) ids.resize(kExpiredAtOnce);
  std::vector<JobPtr> jobs;
  for (const std::string& id : ids) {
    SIMCLR_ASSIGN_OR_RETURN(const JobPtr job, ended_.Find(id));
    if (job != nullptr) jobs.push_back(job);
  }
  if (jobs.empty()) return 0;
  v1::PruneJobsResponse deleted;
  SIMCLR_RETURN_IF_ERROR(Perform(kSelf, [&](Decision& decision) {
    return DecidePrune(decision, v1::PruneJobsRequest(), jobs, deleted);
  }));
  return deleted.jobs_size();
}

Cleanup Coordinator::ForCleanup(std::int64_t revision) const {
  Cleanup cleanup;
  absl::ReaderMutexLock lock(&shared_.mutex);
  cleanup.revision = shared_.state.revision();
  cleanup.condemned = shared_.state.condemned();
  const auto& open = shared_.state.by_revision();
  for (auto it = open.upper_bound(revision); it != open.end(); ++it) cleanup.changed.push_back(it->second);
  const auto& deletions = shared_.state.deletions();
  for (auto it = deletions.upper_bound(revision); it != deletions.end(); ++it) {
    cleanup.changed.push_back(it->second->job().id());
  }
  return cleanup;
}

bool Coordinator::IsDeleted(const std::string& id) const {
  absl::ReaderMutexLock lock(&shared_.mutex);
  return shared_.state.FindTombstone(id) != nullptr;
}

bool Coordinator::IsCondemned(const std::string& path) const {
  absl::ReaderMutexLock lock(&shared_.mutex);
  return shared_.state.IsCondemned(path);
}

absl::Status Coordinator::Append(v1::Event event) {
  return Perform(kSelf, [&event](Decision& decision) { return decision.Add(std::move(event)); });
}

}  // namespace simclr::coordinator
