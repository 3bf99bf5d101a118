#include "coordinator/collect/adopt.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/job/proto_time.h"
#include "coordinator/collect/found_checkpoint.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

absl::StatusOr<std::vector<JobPtr>> OpenJobs(const Coordinator& coordinator, const AdoptOptions& options) {
  std::vector<std::string> references = options.jobs;
  if (references.empty()) references = coordinator.ForCleanup(0).changed;
  std::vector<JobPtr> open;
  for (const std::string& reference : references) {
    const absl::StatusOr<JobPtr> job = coordinator.GetRecord(reference);
    if (!job.ok() && options.jobs.empty()) continue;  // it was deleted
    SIMCLR_RETURN_IF_ERROR(job.status());
    if (IsOpen(**job)) {
      open.push_back(*job);
    } else if (!options.jobs.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("job ", (*job)->job().id(), " has ended; only open jobs go on from a checkpoint"));
    }
  }
  return open;
}

// Verified ones that the record does not have; what is not sound is added to `lines`.
absl::StatusOr<std::vector<v1::Checkpoint>> FindOnDisk(const Coordinator& coordinator,
                                                       const ArtifactTree& tree, const v1::JobRecord& record,
                                                       std::vector<std::string>& lines) {
  std::vector<v1::Checkpoint> found;
  const auto condemned = coordinator.ForCleanup(0).condemned;
  const auto entries = tree.List(absl::StrCat(record.job().id(), "/checkpoints"));
  if (absl::IsNotFound(entries.status())) return found;
  SIMCLR_RETURN_IF_ERROR(entries.status());
  std::set<std::string> known;
  for (const v1::Checkpoint& row : record.checkpoints()) known.insert(row.path());
  for (const DirectoryEntry& entry : *entries) {
    const std::string path = absl::StrCat(record.job().id(), "/checkpoints/", entry.name);
    if (known.count(path) > 0 || condemned.count(path) > 0) continue;
    absl::StatusOr<v1::Checkpoint> checkpoint = VerifyCheckpoint(tree, record, entry.name);
    if (checkpoint.ok()) {
      found.push_back(*std::move(checkpoint));
    } else {
      lines.push_back(absl::StrCat("left alone: ", checkpoint.status().message()));
    }
  }
  return found;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> Adopt(Coordinator& coordinator, const ArtifactTree& tree,
                                               const AdoptOptions& options, absl::Time now) {
  std::vector<std::string> lines;
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<JobPtr> jobs, OpenJobs(coordinator, options));
  for (const JobPtr& job : jobs) {
    SIMCLR_ASSIGN_OR_RETURN(std::vector<v1::Checkpoint> found, FindOnDisk(coordinator, tree, *job, lines));
    for (v1::Checkpoint& checkpoint : WorthAdopting(*job, std::move(found))) {
      lines.push_back(absl::StrCat(options.give_up ? "given up: " : "adopted: ", checkpoint.path(), ", step ",
                                   checkpoint.step()));
      if (options.give_up) continue;
      v1::Event event;
      *checkpoint.mutable_committed_at() = ToProto(now);
      *event.mutable_checkpoint_adopted()->mutable_checkpoint() = std::move(checkpoint);
      SIMCLR_RETURN_IF_ERROR(coordinator.Append(std::move(event)));
    }
  }
  return lines;
}

}  // namespace simclr::coordinator
