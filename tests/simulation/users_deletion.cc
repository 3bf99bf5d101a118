// Users: who deletes, and who looks for what was deleted.
#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "coordinator/state/job_record.h"
#include "tests/simulation/users.h"

namespace simclr::simulation {

void Users::Delete() {
  const auto& known = checks_.acknowledged();
  if (known.empty()) return;
  Deletion deletion;
  deletion.user = dice_.Chance(0.8) ? "ann" : "bob";
  deletion.request.set_request_id(absl::StrCat("deletion-", ++requests_));
  deletion.request.set_force(dice_.Chance(0.2));
  const std::string needed = AnyNeeded();
  if (!needed.empty() && dice_.Chance(0.4)) {
    deletion.request.add_jobs(needed);
  } else {
    const int count = std::min(dice_.Between(1, 3), static_cast<int>(known.size()));
    auto job = known.begin();
    std::advance(job, dice_.Below(static_cast<int>(known.size()) - count + 1));
    for (int i = 0; i < count; ++i) deletion.request.add_jobs(*job++);
  }
  deletions_.push_back(std::move(deletion));
}

std::string Users::AnyNeeded() {
  std::vector<std::string> needed;
  for (const auto& [id, record] : checks_.durable().jobs()) {
    for (const std::string& named : coordinator::JobsNamedBy(record->job().spec())) {
      if (checks_.acknowledged().count(named) > 0) needed.push_back(named);
    }
  }
  return needed.empty() ? "" : dice_.Pick(needed);
}

void Users::DeleteAgain() {
  const std::size_t count = deletions_.size();
  for (std::size_t i = 0; i < count; ++i) {
    Deletion deletion = std::move(deletions_.front());
    deletions_.pop_front();
    if (!Ask(deletion)) deletions_.push_back(std::move(deletion));
  }
}

bool Users::Ask(Deletion& deletion) {
  if (!Arrives()) return false;
  const auto deleted = server_.Delete(deletion.request, deletion.user);
  if (!deleted.has_value()) return false;
  const absl::Status& status = deleted->status();
  if (absl::IsResourceExhausted(status) || absl::IsUnavailable(status)) return false;
  if (deletion.done && !status.ok())
    checks_.Violate(absl::StrCat("a deletion that is asked for again is refused: ", status.message()));
  deletion.done = status.ok();
  if (!Arrives()) return false;
  if (deleted->ok()) {
    checks_.OnDeletionAcknowledged(deletion.request, **deleted);
  } else {
    NoteRefusal(status);
  }
  return true;
}

void Users::NoteRefusal(const absl::Status& status) {
  if (absl::StrContains(status.message(), "has not ended")) ++tally_.refusals["deletion of an open job"];
  if (absl::StrContains(status.message(), "is needed by")) ++tally_.refusals["deletion of a needed job"];
  if (absl::StrContains(status.message(), "was deleted")) ++tally_.refusals["deleted"];
  if (absl::IsPermissionDenied(status)) ++tally_.refusals["deletion of another's job"];
}

// By pages; some ask for one of them twice. As many as shall stay do.
void Users::Prune() {
  v1::PruneJobsRequest request;
  request.set_keep(dice_.Between(0, 8));
  request.set_force(dice_.Chance(0.2));
  request.mutable_filter()->set_page_size(dice_.Between(1, 4));
  if (dice_.Chance(0.5)) request.mutable_older_than()->set_seconds(dice_.Between(1, 300));
  std::vector<std::string> stay = checks_.EndedIds();
  const auto kept = std::min(stay.size(), static_cast<std::size_t>(request.keep()));
  stay.erase(stay.begin(), stay.end() - static_cast<std::ptrdiff_t>(kept));
  do {
    request.set_request_id(absl::StrCat("prune-", ++requests_));
    const auto pruned = server_.Prune(request, "ann");
    if (!pruned.has_value() || !pruned->ok()) break;
    if (dice_.Chance(0.3)) {
      const auto again = server_.Prune(request, "ann");
      const bool same = !again.has_value() || !again->ok() ||
                        (*again)->SerializeAsString() == (*pruned)->SerializeAsString();
      if (!same) checks_.Violate("a prune that is asked for again is answered otherwise");
    }
    request.mutable_filter()->set_page_token((*pruned)->next_page_token());
  } while (!request.filter().page_token().empty());
  for (const std::string& id : stay) {
    if (checks_.deleted().count(id) > 0) checks_.Violate(absl::StrCat("job ", id, " should stay of a prune"));
  }
}

void Users::LookForDeleted() {
  const auto& deleted = checks_.deleted();
  if (deleted.empty()) return;
  auto id = deleted.begin();
  std::advance(id, dice_.Below(static_cast<int>(deleted.size())));
  const auto job = server_.Get(*id);
  if (!job.has_value()) return;
  NoteRefusal(job->status());
  if (!absl::IsNotFound(job->status()) || !absl::StrContains(job->status().message(), "was deleted"))
    checks_.Violate(
        absl::StrCat("job ", *id, " was deleted, but who asks hears: ", job->status().ToString()));
}

void Users::LookForForgotten() {
  for (const std::string& id : checks_.deleted()) {
    const auto job = server_.Get(id);
    if (!job.has_value()) return;
    if (!absl::IsNotFound(job->status()) || absl::StrContains(job->status().message(), "was deleted"))
      checks_.Violate(
          absl::StrCat("job ", id, " is forgotten, but who asks hears: ", job->status().ToString()));
  }
}

}  // namespace simclr::simulation
