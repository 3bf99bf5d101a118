// Checks: jobs that are forgotten.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/job/proto_time.h"
#include "coordinator/state/job_record.h"
#include "tests/simulation/checks.h"

namespace simclr::simulation {

void Checks::BeforeDurable(const coordinator::JournalBatch& batch, const coordinator::MemoryDisk& disk) {
  for (const v1::Event& event : batch.events) {
    if (!event.has_job_deleted()) continue;
    const std::string& id = event.job_deleted().job_id();
    const auto row = disk.ended.find(id);
    if (row == disk.ended.end()) {
      Violate(absl::StrCat("job ", id, " is deleted, but is no row of an ended one"));
    } else if (event.actor() == "coordinator" &&
               !IsOver(*row->second, FromProto(event.service_time()), disk)) {
      Violate(absl::StrCat("job ", id, " is deleted before its time is over"));
    }
  }
}

// Whether the job's own retention, or what the cluster keeps, lets it go.
bool Checks::IsOver(const v1::JobRecord& record, absl::Duration now,
                    const coordinator::MemoryDisk& disk) const {
  const absl::Duration end = FromProto(record.ended_at());
  const v1::JobSpec& spec = record.job().spec();
  if (spec.has_retention()) return end + FromProto(spec.retention()) <= now;
  if (keep_.age.has_value() && end < now - *keep_.age) return true;
  const auto later = std::count_if(disk.ended.begin(), disk.ended.end(), [&](const auto& row) {
    return !row.second->job().spec().has_retention() && FromProto(row.second->ended_at()) >= end &&
           row.second->job().id() != record.job().id();
  });
  return keep_.number.has_value() && later >= *keep_.number;
}

void Checks::CheckNobodyIsOverdue() {
  for (const auto& [id, record] : disk_->ended) {
    if (IsOver(*record, durable_.service_time(), *disk_))
      Violate(absl::StrCat("the time of job ", id, " is over, and it is not deleted"));
  }
}

void Checks::FollowDeletion(const v1::Event& event) {
  const std::string& id = event.job_deleted().job_id();
  if (disk_->ended.count(id) > 0) Violate(absl::StrCat("job ", id, " is deleted, but its row stays"));
  for (const auto& [open, record] : durable_.jobs()) {
    const v1::JobSpec& spec = record->job().spec();
    const bool named = spec.after() == id || spec.model().init().find(id) != std::string::npos;
    if (named && !forced_) Violate(absl::StrCat("job ", id, " is deleted, but job ", open, " needs it"));
  }
  acknowledged_.erase(id);
  deleted_.insert(id);
}

void Checks::OnDeletionAcknowledged(const v1::DeleteJobsRequest& request,
                                    const v1::DeleteJobsResponse& response) {
  std::vector<std::string> asked(request.jobs().begin(), request.jobs().end()), answered;
  for (const v1::DeletedJob& job : response.jobs()) answered.push_back(job.id());
  if (asked != answered)
    Violate(absl::StrCat("of ", asked.size(), " jobs ", answered.size(), " are said to be deleted"));
  for (const std::string& id : asked) {
    if (durable_.FindTombstone(id) == nullptr || FindJob(id) != nullptr)
      Violate(absl::StrCat("the deletion of job ", id, " was acknowledged and is not durable"));
  }
}

void Checks::CheckTombstonesAreForgotten() {
  for (const std::string& id : deleted_) {
    if (durable_.FindTombstone(id) != nullptr)
      Violate(absl::StrCat("the tombstone of job ", id, " is still there after its time"));
  }
}

bool Checks::WasAnsweredByDeletedJob(const v1::SubmitJobRequest& request) const {
  const auto made = submitted_.find(request.spec().name());
  return made != submitted_.end() && deleted_.count(made->second) > 0;
}

}  // namespace simclr::simulation
