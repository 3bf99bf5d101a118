#include "coordinator/collect/listing.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"

namespace simclr::coordinator {
namespace {

absl::StatusOr<std::vector<DirectoryEntry>> ListIfThere(const ArtifactTree& tree, const std::string& path) {
  absl::StatusOr<std::vector<DirectoryEntry>> entries = tree.List(path);
  if (absl::IsNotFound(entries.status())) return std::vector<DirectoryEntry>();
  return entries;
}

absl::Status AddJob(const ArtifactTree& tree, const v1::JobRecord& record, absl::Time now,
                    CollectListing& listing) {
  const std::string& id = record.job().id();
  SIMCLR_ASSIGN_OR_RETURN(const auto own, ListIfThere(tree, id));
  SIMCLR_ASSIGN_OR_RETURN(const auto checkpoints, ListIfThere(tree, absl::StrCat(id, "/checkpoints")));
  CleanupPlan plan = PlanCleanup(record, own, checkpoints, now);
  std::move(plan.remove.begin(), plan.remove.end(), std::back_inserter(listing.remove));
  std::move(plan.unknown.begin(), plan.unknown.end(), std::back_inserter(listing.unknown));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CollectListing> ListCollectable(const ArtifactTree& tree, const KnownJobs& jobs,
                                               absl::Time now) {
  CollectListing listing;
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<DirectoryEntry> entries, tree.List(""));
  for (const DirectoryEntry& entry : entries) {
    JobPtr job;
    if (IsJobId(entry.name)) {
      SIMCLR_ASSIGN_OR_RETURN(job, jobs.find(entry.name));
    }
    if (job != nullptr) {
      SIMCLR_RETURN_IF_ERROR(AddJob(tree, *job, now, listing));
    } else if (jobs.is_deleted(entry.name)) {
      listing.remove.push_back(entry.name);
    } else {
      listing.unknown.push_back(entry.name);
    }
  }
  return listing;
}

}  // namespace simclr::coordinator
