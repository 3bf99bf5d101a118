#include "coordinator/store/snapshot_files.h"

#include <algorithm>
#include <functional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/crypto/sha256.h"

namespace simclr::coordinator {
namespace {

constexpr absl::string_view kSuffix = ".snapshot";

std::string Prefix(const Snapshot& snapshot) {
  return absl::StrCat("simclr-snapshot 1 ", snapshot.revision, " ", snapshot.event_digest, " ",
                      snapshot.bytes.size(), " ");
}

std::string Digest(const Snapshot& snapshot) {
  Sha256 digest;
  digest.Update(Prefix(snapshot));
  digest.Update(snapshot.bytes);
  return digest.HexDigest();
}

}  // namespace

std::string FormatSnapshot(const Snapshot& snapshot) {
  return absl::StrCat(Prefix(snapshot), Digest(snapshot), "\n", snapshot.bytes);
}

absl::StatusOr<Snapshot> ParseSnapshot(absl::string_view file) {
  const std::size_t end = file.substr(0, 512).find('\n');
  if (end == absl::string_view::npos) return absl::DataLossError("it has no header");
  const std::vector<std::string> fields = absl::StrSplit(file.substr(0, end), ' ');
  Snapshot snapshot;
  if (fields.size() != 6 || fields[0] != "simclr-snapshot" ||
      !absl::SimpleAtoi(fields[2], &snapshot.revision)) {
    return absl::DataLossError("its header cannot be read");
  }
  if (fields[1] != "1") return absl::DataLossError(absl::StrCat("its format ", fields[1], " is not known"));
  snapshot.event_digest = fields[3];
  snapshot.bytes = std::string(file.substr(end + 1));
  if (absl::StrCat(snapshot.bytes.size()) != fields[4]) {
    return absl::DataLossError(absl::StrCat("it has ", snapshot.bytes.size(), " bytes of ", fields[4]));
  }
  if (Digest(snapshot) != fields[5]) return absl::DataLossError("its SHA-256 does not fit");
  return snapshot;
}

absl::StatusOr<std::int64_t> SnapshotFiles::Write(const Snapshot& snapshot) {
  SIMCLR_RETURN_IF_ERROR(files_.MakeDirectories(directory_));
  SIMCLR_RETURN_IF_ERROR(WriteAtomically(files_, PathOf(snapshot.revision), FormatSnapshot(snapshot)));
  std::int64_t kept = 0;
  for (const std::int64_t revision : Revisions()) {
    if (revision == snapshot.revision) continue;
    if (kept == 0 && revision < snapshot.revision && Read(revision).ok()) {
      kept = revision;
    } else {
      SIMCLR_RETURN_IF_ERROR(files_.RemoveAll(PathOf(revision)));
    }
  }
  return kept;
}

absl::StatusOr<Snapshot> SnapshotFiles::Read(std::int64_t revision) const {
  SIMCLR_ASSIGN_OR_RETURN(const std::string file, files_.Read(PathOf(revision)));
  absl::StatusOr<Snapshot> snapshot = ParseSnapshot(file);
  if (snapshot.ok() && snapshot->revision != revision)
    snapshot = absl::DataLossError("it is of another revision");
  if (snapshot.ok()) return snapshot;
  return absl::DataLossError(
      absl::StrCat("snapshot ", PathOf(revision), " is damaged: ", snapshot.status().message()));
}

std::vector<std::int64_t> SnapshotFiles::Revisions() const {
  std::vector<std::int64_t> revisions;
  const absl::StatusOr<std::vector<std::string>> names = files_.List(directory_);
  if (!names.ok()) return revisions;
  for (absl::string_view name : *names) {
    std::int64_t revision = 0;
    if (absl::ConsumeSuffix(&name, kSuffix) && absl::SimpleAtoi(name, &revision))
      revisions.push_back(revision);
  }
  std::sort(revisions.begin(), revisions.end(), std::greater<>());
  return revisions;
}

absl::Status SnapshotFiles::PutAside(std::int64_t revision) {
  const std::string aside = absl::StrCat(PathOf(revision), ".aside");
  LogWarning("snapshot of another history is put aside", {{"file", aside}});
  return files_.Rename(PathOf(revision), aside);
}

std::string SnapshotFiles::PathOf(std::int64_t revision) const {
  return JoinPath(directory_, absl::StrCat(revision, kSuffix));
}

}  // namespace simclr::coordinator
