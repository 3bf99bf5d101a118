#include "tests/simulation/users.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/state/job_record.h"

namespace simclr::simulation {

v1::SubmitJobRequest Users::NextRequest() {
  v1::SubmitJobRequest request;
  request.set_request_id(absl::StrCat("request-", ++requests_));
  v1::JobSpec& spec = *request.mutable_spec();
  spec.set_name(absl::StrCat("job-", requests_));
  spec.set_kind(v1::JOB_KIND_PRETRAIN);
  const int sizes[] = {1, 1, 1, 2, 2, 3, 4, 6};
  const int ranks = sizes[dice_.Below(8)];
  spec.mutable_resources()->set_ranks(ranks);
  spec.mutable_schedule()->set_max_restarts(dice_.Between(1, 5));
  spec.mutable_schedule()->set_priority(dice_.Below(3));
  spec.mutable_checkpoint()->set_keep(dice_.Between(1, 3));
  spec.mutable_data()->set_source("synthetic:train=64");
  if (dice_.Chance(0.1)) spec.mutable_retention()->set_seconds(dice_.Between(10, 200));
  spec.mutable_train()->set_global_batch(64 * ranks);
  v1::Limits& limits = *spec.mutable_limits();
  for (auto* limit : {limits.mutable_init(), limits.mutable_first_step(), limits.mutable_eval()})
    limit->set_seconds(60);
  for (auto* limit : {limits.mutable_step(), limits.mutable_checkpoint(), limits.mutable_data()})
    limit->set_seconds(40);
  limits.mutable_grace()->set_seconds(15);
  return request;
}

void Users::Submit() {
  Wish wish{NextRequest(), dice_.Chance(0.5) ? "ann" : "bob"};
  const auto& known = checks_.acknowledged();
  if (!known.empty() && dice_.Chance(0.25)) {
    v1::JobSpec& spec = *wish.request.mutable_spec();
    spec.set_kind(v1::JOB_KIND_LINEAR_EVAL);
    spec.clear_train();
    spec.clear_checkpoint();
    spec.mutable_resources()->set_ranks(1);
    spec.mutable_data()->set_test("synthetic:test=64");
    auto after = known.rbegin();
    std::advance(after, dice_.Below(std::min<int>(4, static_cast<int>(known.size()))));
    spec.set_after(*after);
  }
  if (!answered_.empty() && dice_.Chance(0.1)) {
    wish.request.set_request_id(answered_.back().request.request_id());
    wish.user = answered_.back().user;
  }
  waiting_.push_back(std::move(wish));
}

void Users::AskAgain() {
  DeleteAgain();
  const std::size_t count = waiting_.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Wish wish = std::move(waiting_.front());
    waiting_.pop_front();
    if (!Ask(wish)) waiting_.push_back(wish);
  }
}

// Whether there was an answer that lets nobody ask again.
bool Users::Ask(const Wish& wish) {
  if (!Arrives()) return false;
  const auto job = server_.Submit(wish.request, wish.user);
  if (!job.has_value() || !Arrives()) return false;
  const absl::Status& status = job->status();
  if (absl::IsResourceExhausted(status) || absl::IsUnavailable(status)) return false;
  if (absl::IsAlreadyExists(status)) ++tally_.refusals["request of another"];
  // What it made was deleted meanwhile, or taken out by a repair.
  if (absl::IsNotFound(status) && wish.older) {
    NoteRefusal(status);
    return true;
  }
  if (job->ok() && (*job)->status().phase() == v1::PHASE_UNSPECIFIED) {  // what is left of a deleted one
    if (!wish.older && !checks_.WasAnsweredByDeletedJob(wish.request))
      checks_.Violate(absl::StrCat("job ", (*job)->id(), " was not deleted, but its request is answered so"));
    return true;
  }
  if (!job->ok()) {
    const bool sound = wish.request.spec().after().empty() && !absl::IsAlreadyExists(status);
    if (sound) checks_.Violate(absl::StrCat("a sound request is refused: ", status.message()));
    return true;
  }
  checks_.OnJobAcknowledged(wish.request, (*job)->id());
  answered_.push_back(wish);
  return true;
}

void Users::CancelAny() {
  const auto& known = checks_.acknowledged();
  if (known.empty()) return;
  auto job = known.rbegin();
  std::advance(job, dice_.Below(std::min<int>(8, static_cast<int>(known.size()))));
  const auto cancelled = server_.Cancel(*job, "ann");
  if (!cancelled.has_value()) return;
  if (absl::IsFailedPrecondition(cancelled->status())) ++tally_.refusals["already ended"];
  if (absl::IsNotFound(cancelled->status())) checks_.Violate(absl::StrCat("job ", *job, " cannot be found"));
}

void Users::GiveUpWhatNeverFits() {
  std::vector<std::string> hopeless;
  for (const auto& [id, record] : checks_.durable().jobs()) {
    const v1::JobStatus& status = record->job().status();
    const bool never = status.phase() == v1::PHASE_QUEUED && status.reason() == v1::REASON_NO_SUCH_CAPACITY;
    if (never) hopeless.push_back(id);
  }
  for (const std::string& id : hopeless) (void)server_.Cancel(id, "ann");
}

void Users::OnWentBack() {
  deletions_.clear();
  for (Wish& wish : waiting_) wish.older = true;
  followed_revision_ = 0;
  followed_.clear();
  followed_deletions_.clear();
}

void Users::Look() {
  v1::ListJobsRequest request;
  request.set_page_size(dice_.Between(1, 5));
  request.set_newest_first(dice_.Chance(0.5));
  const auto jobs = server_.List(request);
  if (!jobs.has_value()) return;
  if (!jobs->ok()) return checks_.Violate(absl::StrCat("the list fails: ", jobs->status().message()));
  CheckList(**jobs, request.newest_first());
}

void Users::Follow() {
  const auto changes = server_.ChangesAfter(followed_revision_);
  if (!changes.has_value() || !changes->ok()) return;
  for (const v1::JobChange& change : **changes) {
    const std::string& id = change.job().id();
    if (change.deleted()) {
      followed_deletions_.insert(id);
    } else if (followed_deletions_.count(id) > 0) {
      checks_.Violate(absl::StrCat("who follows hears of job ", id, " after its deletion"));
    }
    followed_[id] = change.job().status().phase();
    followed_revision_ = std::max(followed_revision_, change.revision());
  }
}

void Users::CheckFollowed() {
  Follow();
  for (const std::string& id : checks_.acknowledged()) {
    if (followed_.count(id) == 0 || !coordinator::IsTerminal(followed_[id])) {
      checks_.Violate(absl::StrCat("who follows never heard of the end of job ", id));
    }
  }
  for (const std::string& id : checks_.deleted()) {
    if (followed_.count(id) > 0 && followed_deletions_.count(id) == 0)
      checks_.Violate(absl::StrCat("who heard of it never heard of the deletion of job ", id));
  }
}

void Users::CheckList(const std::vector<v1::Job>& jobs, bool newest_first) {
  std::vector<std::string> ids;
  for (const v1::Job& job : jobs) ids.push_back(job.id());
  if (newest_first) std::reverse(ids.begin(), ids.end());
  const bool in_order =
      std::is_sorted(ids.begin(), ids.end()) && std::adjacent_find(ids.begin(), ids.end()) == ids.end();
  if (!in_order) checks_.Violate("the pages of a list are not in order");
  for (const std::string& id : ids) {
    if (checks_.deleted().count(id) > 0)
      checks_.Violate(absl::StrCat("a list shows job ", id, ", which was deleted"));
  }
  for (const std::string& id : checks_.acknowledged()) {
    if (!std::binary_search(ids.begin(), ids.end(), id))
      checks_.Violate(absl::StrCat("no page shows job ", id));
  }
}

}  // namespace simclr::simulation
