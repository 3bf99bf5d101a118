// Checks: what the collector removes, and what it must not.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/ids.h"
#include "coordinator/state/job_record.h"
#include "tests/simulation/artifacts.h"
#include "tests/simulation/checks.h"

namespace simclr::simulation {
namespace {

using coordinator::LiveAttempt;

// The attempt whose placement gives its checkpoints such names. Null: none that the record knows.
const v1::AttemptRecord* WriterOf(const v1::JobRecord& record, const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  for (const v1::AttemptRecord& attempt : record.attempts()) {
    const std::string begins = AttemptName(attempt.summary().attempt(), attempt.nonce());
    if (absl::StartsWith(name, absl::StrCat(begins, "-s"))) return &attempt;
  }
  return nullptr;
}

std::int64_t StepOf(absl::string_view path) {
  absl::ConsumeSuffix(&path, ".partial");
  std::int64_t step = 0;
  (void)absl::SimpleAtoi(path.substr(path.rfind("-s") + 2), &step);
  return step;
}

bool IsRowOf(const v1::JobRecord& record, const std::string& path, bool retired) {
  return std::any_of(
      record.checkpoints().begin(), record.checkpoints().end(),
      [&](const v1::Checkpoint& row) { return row.path() == path && row.retired() == retired; });
}

}  // namespace

void Checks::OnRemove(const std::string& path) {
  if (went_back_) return Violate(absl::StrCat(path, " is removed, but what is newer is not adopted yet"));
  if (!durable_.IsCondemned(path)) Violate(absl::StrCat(path, " is removed without a mark in the journal"));
  const std::string id = path.substr(0, path.find('/'));
  if (durable_.FindTombstone(id) == nullptr) CheckRemoval(id, path);
  const auto is_below = [&](const std::string& file) {
    return file == path || absl::StartsWith(file, absl::StrCat(path, "/"));
  };
  std::erase_if(saved_, [&](const auto& saved) { return is_below(saved.first); });
  std::erase_if(strange_, is_below);
  removed_.insert(path);
}

void Checks::CheckRemoval(const std::string& id, const std::string& path) {
  const coordinator::JobPtr job = FindJob(id);
  if (job == nullptr || path == id) {
    return Violate(absl::StrCat(path, " is removed, but job ", id,
                                job == nullptr ? " is not known" : " is not deleted"));
  }
  if (!absl::StartsWith(path, absl::StrCat(id, "/checkpoints/"))) {
    if (coordinator::IsOpen(*job)) Violate(absl::StrCat(path, " is removed, but its job is open"));
    return;
  }
  if (IsRowOf(*job, path, /*retired=*/false))
    return Violate(absl::StrCat(path, " is removed, but may be resumed from"));
  if (IsRowOf(*job, path, /*retired=*/true)) return CheckNotOffered(*job, path);
  const v1::AttemptRecord* writer = WriterOf(*job, path);
  if (writer == nullptr) return Violate(absl::StrCat(path, " is removed, but nobody knows who wrote it"));
  if (writer != LiveAttempt(*job)) return;
  const bool passed_over =
      coordinator::IsCommitted(*job, writer->nonce(), writer->summary().attempt(), StepOf(path) + 1);
  if (absl::EndsWith(path, ".partial") || !passed_over)
    Violate(absl::StrCat(path, " is removed, but the attempt that writes it is live"));
}

void Checks::CheckNotOffered(const v1::JobRecord& job, const std::string& path) {
  for (const v1::Checkpoint& row : job.checkpoints()) {
    if (row.path() == path && coordinator::MayBeInUse(job, row))
      Violate(absl::StrCat(path, " is removed, but was offered to the live attempt"));
  }
}

bool Checks::MayBeMissing(const v1::DesiredRank& rank, const std::string& path) const {
  const coordinator::JobPtr job = durable_.FindJob(rank.job_id());
  const v1::AttemptRecord* live = job == nullptr ? nullptr : LiveAttempt(*job);
  const bool stale = live == nullptr || live->nonce() != rank.nonce();
  return stale || IsExcused(path);
}

// It went in a history that is lost, or an odd commit named it.
bool Checks::IsExcused(const std::string& path) const {
  return odd_.count(path) > 0 || lost_.count(path) > 0 || lost_.count(path.substr(0, path.find('/'))) > 0;
}

void Checks::CheckAdoption(const v1::Checkpoint& checkpoint) {
  const auto saved = saved_.find(checkpoint.path());
  if (!went_back_) Violate(absl::StrCat(checkpoint.path(), " is adopted, but the database went not back"));
  if (saved == saved_.end() || saved->second != checkpoint.step())
    Violate(absl::StrCat(checkpoint.path(), " is adopted, but no trainer finished it"));
}

// Of an open job nothing newer is left out.
void Checks::OnAdopted(bool given_up) {
  went_back_ = false;
  for (const auto& [path, step] : saved_) {
    const coordinator::JobPtr job = durable_.FindJob(path.substr(0, path.find('/')));
    const bool open = job != nullptr && coordinator::IsOpen(*job);
    if (!open || given_up || durable_.IsCondemned(path)) continue;
    const bool known = IsRowOf(*job, path, true) || IsRowOf(*job, path, false);
    const auto usable = coordinator::UsableCheckpoints(*job);
    if (!known && (usable.empty() || usable[0].step() < step))
      Violate(absl::StrCat(path, " is newer than what its job has, and was not adopted"));
  }
}

void Checks::CheckFiles(const Artifacts& artifacts) {
  if (!durable_.condemned().empty())
    Violate(absl::StrCat(durable_.condemned().begin()->first, " is condemned and not collected"));
  for (const std::string& path : strange_) {
    if (!artifacts.Has(path)) Violate(absl::StrCat("somebody's ", path, " is gone"));
  }
  for (const std::string& id : deleted_) {
    if (artifacts.Has(id)) Violate(absl::StrCat("files of job ", id, ", which was deleted, are still there"));
  }
  for (const auto& [id, record] : disk_->ended) CheckFilesOf(*record, artifacts);
}

// Of an ended job whose last attempt ended long ago.
void Checks::CheckFilesOf(const v1::JobRecord& record, const Artifacts& artifacts) {
  for (const v1::Checkpoint& row : record.checkpoints()) {
    if (!row.retired() && !IsExcused(row.path()) && !artifacts.Has(row.path()))
      Violate(absl::StrCat(row.path(), " is kept, but not there"));
  }
  const std::string directory = absl::StrCat(record.job().id(), "/checkpoints");
  const auto entries = artifacts.List(directory);
  if (!entries.ok()) return;
  for (const coordinator::DirectoryEntry& entry : *entries) {
    const std::string path = absl::StrCat(directory, "/", entry.name);
    const bool needed = IsRowOf(record, path, /*retired=*/false) || strange_.count(path) > 0;
    const bool known = IsRowOf(record, path, /*retired=*/true) || WriterOf(record, path) != nullptr;
    if (known && !needed) Violate(absl::StrCat(path, " is needed by nobody, and not collected"));
  }
}

}  // namespace simclr::simulation
