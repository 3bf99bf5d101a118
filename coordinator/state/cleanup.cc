#include "coordinator/state/cleanup.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/ids.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {

bool IsPathOfJob(absl::string_view path, absl::string_view job) {
  const std::vector<absl::string_view> names = absl::StrSplit(path, '/');
  const bool plain = std::all_of(names.begin(), names.end(), [](absl::string_view name) {
    return !name.empty() && name != "." && name != ".." && name.find('\0') == absl::string_view::npos;
  });
  return plain && names[0] == job && IsJobId(job);
}

std::string DeleteJob(const StateReader& before, const v1::Event& event, Change& change) {
  const v1::JobDeleted& deleted = event.job_deleted();
  const std::string& id = deleted.job_id();
  const JobPtr known = before.FindJob(id);
  if (known != nullptr && IsOpen(*known)) return absl::StrCat("job ", id, " is open");
  if (!IsTerminal(deleted.phase())) return absl::StrCat("job ", id, " is deleted in no last phase");
  if (before.FindTombstone(id) != nullptr) return absl::StrCat("job ", id, " is deleted twice");
  if (id > before.last_job_id()) return absl::StrCat("there was no job ", id);
  auto tombstone = std::make_shared<v1::Tombstone>();
  v1::DeletedJob& job = *tombstone->mutable_job();
  job.set_id(id);
  job.set_name(deleted.name());
  job.set_owner(deleted.owner());
  *job.mutable_deleted_at() = event.at();
  job.set_deleted_by(event.actor());
  tombstone->set_revision(event.revision());
  *tombstone->mutable_service_time() = event.service_time();
  tombstone->set_kind(deleted.kind());
  tombstone->set_phase(deleted.phase());
  change.tombstones[id] = std::move(tombstone);
  return "";
}

std::string CondemnFiles(const StateReader& before, const v1::FilesCondemned& condemned, Change& change) {
  for (const std::string& path : condemned.paths()) {
    if (!IsPathOfJob(path, condemned.job_id())) {
      return absl::StrCat("'", path, "' is no directory of job ", condemned.job_id());
    }
    if (before.IsCondemned(path) || !change.condemned.emplace(path, condemned.job_id()).second) {
      return absl::StrCat(path, " is condemned twice");
    }
  }
  return "";
}

std::string CollectFiles(const StateReader& before, const v1::FilesCollected& collected, Change& change) {
  for (const std::string& path : collected.paths()) {
    if (!before.IsCondemned(path)) return absl::StrCat(path, " was not condemned");
    change.condemned[path] = "";
  }
  return "";
}

}  // namespace simclr::coordinator
