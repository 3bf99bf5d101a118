#include "coordinator/store/check.h"

#include <cstdint>
#include <limits>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "coordinator/state/job_record.h"
#include "coordinator/store/history.h"
#include "coordinator/store/stored_database.h"

namespace simclr::coordinator {
namespace {

// Events that no snapshot needs: they are only read.
absl::Status CheckOldEvents(StoredDatabase& stored, std::int64_t last, CheckReport& report) {
  std::int64_t read = 0;
  std::vector<std::string> forgotten;  // the oldest events are removed after a time
  SIMCLR_RETURN_IF_ERROR(stored.ReadEvents(1, last, forgotten, [&](const StoredEvent& stored_event) {
    v1::Event event;
    if (stored_event.lost) return absl::OkStatus();
    ++read;
    if (!event.ParseFromString(stored_event.body)) {
      report.findings.push_back(absl::StrCat("event ", stored_event.revision, ": it is no event"));
    }
    return absl::OkStatus();
  }));
  report.facts.push_back(absl::StrCat(read, " events of before the oldest snapshot"));
  return absl::OkStatus();
}

absl::Status CheckEnded(StoredDatabase& stored, const Replayed& replayed, CheckReport& report) {
  std::int64_t count = 0;
  SIMCLR_RETURN_IF_ERROR(stored.ReadEnded(report.findings, [&](const v1::JobRecord& record) {
    ++count;
    const std::string& id = record.job().id();
    if (replayed.state.jobs().count(id) != 0) {
      report.findings.push_back(absl::StrCat("job ", id, " is both open and ended"));
    }
    if (IsOpen(record)) {
      report.findings.push_back(absl::StrCat("job ", id, " is among those that ended and did not end"));
    }
    return absl::OkStatus();
  }));
  if (stored.version() == 1) count = static_cast<std::int64_t>(replayed.ended.size());
  report.facts.push_back(absl::StrCat(replayed.state.jobs().size(), " open jobs, ", count, " ended jobs"));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CheckReport> CheckDataDirectory(const DataPaths& paths) {
  CheckReport report;
  SIMCLR_ASSIGN_OR_RETURN(StoredDatabase stored, StoredDatabase::Open(paths));
  report.facts.push_back(
      absl::StrCat("cluster ", stored.cluster_id(), ", schema ", stored.version(), ", term ", stored.term()));
  if (!stored.restored().empty()) report.facts.push_back(stored.restored());
  report.findings = stored.IntegrityFindings();
  const std::vector<std::int64_t> snapshots = stored.SoundSnapshots(report.findings);
  for (const std::int64_t revision : snapshots)
    report.facts.push_back(absl::StrCat("snapshot of revision ", revision));

  const std::int64_t end =
      snapshots.empty() ? std::numeric_limits<std::int64_t>::max() : snapshots.front() + 1;
  std::vector<std::string> found_before;
  const absl::StatusOr<History> history = stored.ReadHistory(end, found_before);
  if (!history.ok()) {
    report.findings.push_back(std::string(history.status().message()));
    return report;
  }
  SIMCLR_RETURN_IF_ERROR(CheckOldEvents(stored, history->revision, report));
  ReplayOptions replay;
  replay.repair = true;  // goes on behind the first that does not fit
  SIMCLR_ASSIGN_OR_RETURN(const Replayed replayed, Replay(*history, replay));
  report.findings.insert(report.findings.end(), replayed.findings.begin(), replayed.findings.end());
  report.facts.push_back(absl::StrCat(history->events.size(),
                                      " events after the oldest snapshot, up to revision ",
                                      replayed.state.revision()));
  SIMCLR_RETURN_IF_ERROR(CheckEnded(stored, replayed, report));
  return report;
}

}  // namespace simclr::coordinator
