#include "coordinator/collect/plan.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/job/proto_time.h"
#include "coordinator/collect/checkpoint_name.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

// Several rows have one path where an agent's report named it with another step.
std::vector<v1::Checkpoint> RowsOf(const v1::JobRecord& record, const std::string& path) {
  std::vector<v1::Checkpoint> rows;
  std::copy_if(record.checkpoints().begin(), record.checkpoints().end(), std::back_inserter(rows),
               [&path](const v1::Checkpoint& row) { return row.path() == path; });
  return rows;
}

// A placement commits in the order of steps: what it left out by then it never commits.
bool IsPassedOver(const v1::JobRecord& record, const v1::AttemptRecord& attempt, std::int64_t step) {
  return IsCommitted(record, attempt.nonce(), attempt.summary().attempt(), step + 1);
}

class Planner {
 public:
  Planner(const v1::JobRecord& record, absl::Time now) : record_(record), now_(now) {}

  void LookAtCheckpoint(const DirectoryEntry& entry) {
    const std::string path = absl::StrCat(record_.job().id(), "/checkpoints/", entry.name);
    const auto name = ParseCheckpointName(entry.name);
    const v1::AttemptRecord* writer = name.has_value() ? WriterOf(record_, *name) : nullptr;
    const std::vector<v1::Checkpoint> rows = RowsOf(record_, path);
    if (!entry.is_directory || !name.has_value() || (writer == nullptr && rows.empty())) {
      plan_.unknown.push_back(path);
    } else if (!rows.empty()) {
      const bool over = std::all_of(rows.begin(), rows.end(), [this](const v1::Checkpoint& row) {
        return row.retired() && !MayBeInUse(record_, row);
      });
      if (over) plan_.remove.push_back(path);
    } else if (writer->summary().has_ended_at()) {
      RemoveAfter(path, FromProto(writer->summary().ended_at()) + kUncommittedStays);
    } else if (!name->partial && IsPassedOver(record_, *writer, name->step)) {
      plan_.remove.push_back(path);
    }
  }

  // Drafts beside the checkpoints are written by the one attempt that lives.
  void LookAtOwn(const DirectoryEntry& entry) {
    if (!entry.is_directory || !absl::EndsWith(entry.name, ".partial")) return;
    const std::string path = absl::StrCat(record_.job().id(), "/", entry.name);
    const bool known = entry.name == "init.partial" || entry.name == "export.partial";
    if (!known) return plan_.unknown.push_back(path);
    if (IsOpen(record_)) return;
    RemoveAfter(path, FromProto(record_.job().status().ended_at()) + kUncommittedStays);
  }

  CleanupPlan Result() && { return std::move(plan_); }

 private:
  void RemoveAfter(const std::string& path, absl::Time time) {
    if (time <= now_) {
      plan_.remove.push_back(path);
    } else {
      plan_.look_again = std::min(plan_.look_again, time);
    }
  }

  const v1::JobRecord& record_;
  const absl::Time now_;
  CleanupPlan plan_;
};

}  // namespace

CleanupPlan PlanCleanup(const v1::JobRecord& record, const std::vector<DirectoryEntry>& own,
                        const std::vector<DirectoryEntry>& checkpoints, absl::Time now) {
  Planner planner(record, now);
  for (const DirectoryEntry& entry : own) planner.LookAtOwn(entry);
  for (const DirectoryEntry& entry : checkpoints) planner.LookAtCheckpoint(entry);
  return std::move(planner).Result();
}

}  // namespace simclr::coordinator
