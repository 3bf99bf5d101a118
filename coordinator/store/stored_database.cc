#include "coordinator/store/stored_database.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "common/crypto/sha256.h"
#include "coordinator/store/meta.h"
#include "coordinator/store/schema.h"
#include "coordinator/store/snapshot_files.h"

namespace simclr::coordinator {
namespace {

// Where the end of a table cannot be read, so many keys in a row without a row are the end.
constexpr std::int64_t kProbed = 10'000;

// "events 5 to 9" for the losses of a table, in ranges.
class Gaps {
 public:
  Gaps(std::string what, std::vector<std::string>& losses) : what_(std::move(what)), losses_(losses) {}
  ~Gaps() { Close(); }
  void Add(std::int64_t key) {
    if (first_ != 0 && key == last_ + 1) {
      last_ = key;
      return;
    }
    Close();
    first_ = last_ = key;
  }

 private:
  void Close() {
    if (first_ != 0) losses_.push_back(absl::StrCat(what_, " ", first_, " to ", last_, ": cannot be read"));
  }

  const std::string what_;
  std::vector<std::string>& losses_;
  std::int64_t first_ = 0, last_ = 0;
};

}  // namespace

absl::StatusOr<StoredDatabase> StoredDatabase::Open(const DataPaths& paths) {
  if (!PosixFileSystem().Exists(paths.database)) {
    return absl::NotFoundError(absl::StrCat("there is no ", paths.database, "; is that the --data-dir?"));
  }
  SqliteOptions options;
  options.read_only = true;
  SIMCLR_ASSIGN_OR_RETURN(SqliteDb db, SqliteDb::Open(paths.database, options));
  StoredDatabase stored(paths, std::move(db));
  const absl::Status read = stored.ReadMetaValues();
  if (read.ok()) return stored;
  if (absl::IsFailedPrecondition(read)) return read;
  return absl::DataLossError(
      absl::StrCat("nothing of ", paths.database, " can be read (", read.message(), "); restore a backup"));
}

absl::Status StoredDatabase::ReadMetaValues() {
  SIMCLR_ASSIGN_OR_RETURN(version_, ReadMetaNumber(db_, "schema_version"));
  SIMCLR_ASSIGN_OR_RETURN(cluster_id_, ReadMeta(db_, "cluster_id"));
  SIMCLR_ASSIGN_OR_RETURN(term_, ReadMetaNumber(db_, "term"));
  SIMCLR_ASSIGN_OR_RETURN(restored_, ReadMeta(db_, "restored"));
  if (version_ >= 1 && version_ <= kSchemaVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(paths_.database, " has schema ", version_,
                                                    ", this version knows 1 to ", kSchemaVersion,
                                                    "; use the version that wrote it"));
}

std::vector<std::string> StoredDatabase::IntegrityFindings() {
  std::vector<std::string> findings;
  absl::StatusOr<SqliteStatement> check = db_.Prepare("PRAGMA integrity_check(20)");
  absl::Status status = check.status();
  if (status.ok()) {
    status = check->ForEach([&findings](const SqliteStatement& row) {
      if (row.Bytes(0) != "ok") findings.push_back(absl::StrCat("state.db: ", row.Bytes(0)));
      return absl::OkStatus();
    });
  }
  if (!status.ok()) findings.push_back(std::string(status.message()));
  return findings;
}

absl::StatusOr<SqliteStatement> StoredDatabase::ByKey(const std::string& table, const std::string& columns) {
  return db_.Prepare(absl::StrCat("SELECT ", columns, " FROM ", table, " WHERE rowid = ?"));
}

StoredDatabase::RowState StoredDatabase::ReadRow(SqliteStatement& by_key, std::int64_t key,
                                                 absl::FunctionRef<void(const SqliteStatement&)> read) {
  RowState state = RowState::kMissing;
  const absl::Status status = by_key.Bind(1, key).ForEach([&](const SqliteStatement& row) {
    state = RowState::kRead;
    read(row);
    return absl::OkStatus();
  });
  return status.ok() ? state : RowState::kDamaged;
}

std::int64_t StoredDatabase::LastKey(const std::string& table, std::int64_t first) {
  std::int64_t last = first - 1;
  absl::StatusOr<SqliteStatement> select = db_.Prepare(absl::StrCat("SELECT MAX(rowid) FROM ", table));
  if (select.ok()) {
    const absl::Status read = select->ForEach([&last](const SqliteStatement& row) {
      last = std::max(last, row.Integer(0));
      return absl::OkStatus();
    });
    if (read.ok()) return last;
  }
  absl::StatusOr<SqliteStatement> by_key = ByKey(table, "rowid");
  if (!by_key.ok()) return last;
  for (std::int64_t key = first; key <= last + kProbed; ++key) {
    if (ReadRow(*by_key, key, [](const SqliteStatement&) {}) == RowState::kRead) last = key;
  }
  return last;
}

absl::Status StoredDatabase::ReadEvents(std::int64_t first, std::int64_t last,
                                        std::vector<std::string>& losses,
                                        absl::FunctionRef<absl::Status(const StoredEvent&)> take) {
  Gaps gaps("events", losses);
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement by_key, ByKey("events", "body"));
  for (const std::int64_t end = std::min(last, LastKey("events", first)); first <= end; ++first) {
    StoredEvent event{first, true, ""};
    const RowState state =
        ReadRow(by_key, first, [&event](const SqliteStatement& row) { event.body = row.Bytes(0); });
    event.lost = state != RowState::kRead;
    if (event.lost) gaps.Add(first);
    SIMCLR_RETURN_IF_ERROR(take(event));
  }
  return absl::OkStatus();
}

std::vector<std::int64_t> StoredDatabase::SnapshotRevisions() {
  if (version_ > 1) return SnapshotFiles(PosixFileSystem(), paths_.snapshots).Revisions();
  std::vector<std::int64_t> revisions;
  absl::StatusOr<SqliteStatement> select =
      db_.Prepare("SELECT revision FROM snapshots ORDER BY revision DESC");
  if (!select.ok()) return revisions;
  select
      ->ForEach([&revisions](const SqliteStatement& row) {
        revisions.push_back(row.Integer(0));
        return absl::OkStatus();
      })
      .IgnoreError();
  return revisions;
}

absl::StatusOr<std::string> StoredDatabase::ReadSnapshotRow(std::int64_t revision) {
  std::string bytes;
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement select,
                          db_.Prepare("SELECT body FROM snapshots WHERE revision = ?"));
  SIMCLR_RETURN_IF_ERROR(select.Bind(1, revision).ForEach([&bytes](const SqliteStatement& row) {
    bytes = row.Bytes(0);
    return absl::OkStatus();
  }));
  return bytes;
}

absl::StatusOr<std::string> StoredDatabase::ReadSnapshot(std::int64_t revision) {
  if (version_ == 1) return ReadSnapshotRow(revision);
  SIMCLR_ASSIGN_OR_RETURN(Snapshot snapshot,
                          SnapshotFiles(PosixFileSystem(), paths_.snapshots).Read(revision));
  // It is of this history where its event says so; of an event that is lost nobody knows.
  std::vector<std::string> ignored;
  std::string digest = snapshot.event_digest;
  SIMCLR_RETURN_IF_ERROR(ReadEvents(revision, revision, ignored, [&digest](const StoredEvent& event) {
    if (!event.lost) digest = Sha256Hex(event.body);
    return absl::OkStatus();
  }));
  if (digest == snapshot.event_digest) return std::move(snapshot.bytes);
  return absl::DataLossError(absl::StrCat("snapshot ", revision, " is of another history"));
}

std::vector<std::int64_t> StoredDatabase::SoundSnapshots(std::vector<std::string>& losses) {
  std::vector<std::int64_t> sound;
  for (const std::int64_t revision : SnapshotRevisions()) {
    const absl::StatusOr<std::string> bytes = ReadSnapshot(revision);
    const absl::Status parsed = bytes.ok() ? ClusterState::Parse(*bytes).status() : bytes.status();
    if (parsed.ok()) {
      sound.push_back(revision);
    } else {
      losses.push_back(absl::StrCat("snapshot ", revision, ": ", parsed.message()));
    }
  }
  std::reverse(sound.begin(), sound.end());
  return sound;
}

absl::StatusOr<History> StoredDatabase::ReadHistory(std::int64_t end, std::vector<std::string>& losses) {
  History history;
  for (const std::int64_t revision : SoundSnapshots(losses)) {
    if (revision >= end) break;
    SIMCLR_ASSIGN_OR_RETURN(history.snapshot, ReadSnapshot(revision));
    history.revision = revision;
  }
  std::vector<std::string> gaps;
  SIMCLR_RETURN_IF_ERROR(ReadEvents(history.revision + 1, std::numeric_limits<std::int64_t>::max(), gaps,
                                    [&history](const StoredEvent& event) {
                                      history.events.push_back(event);
                                      return absl::OkStatus();
                                    }));
  const bool from_nothing = history.revision == 0 && !history.events.empty() && history.events.front().lost;
  if (!from_nothing) return history;
  return absl::DataLossError(
      absl::StrCat(paths_.directory,
                   " holds no snapshot that can be read, and its events do not begin with the first; "
                   "restore a backup"));
}

absl::Status StoredDatabase::ReadEnded(std::vector<std::string>& losses,
                                       absl::FunctionRef<absl::Status(const v1::JobRecord&)> take) {
  if (version_ == 1) return absl::OkStatus();
  Gaps gaps("ended jobs, rows", losses);
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement by_key, ByKey("ended_jobs", "id, record"));
  for (std::int64_t key = 1, end = LastKey("ended_jobs", 1); key <= end; ++key) {
    v1::JobRecord record;
    bool sound = false;
    const RowState state = ReadRow(by_key, key, [&](const SqliteStatement& row) {
      sound = record.ParseFromString(row.Bytes(1)) && record.job().id() == row.Bytes(0);
    });
    if (state == RowState::kMissing) continue;  // rows are deleted, too
    if (sound) {
      SIMCLR_RETURN_IF_ERROR(take(record));
    } else {
      gaps.Add(key);
    }
  }
  return absl::OkStatus();
}

absl::Status StoredDatabase::ReadRequests(std::vector<std::string>& losses,
                                          absl::FunctionRef<absl::Status(RequestRecord)> take) {
  const std::string sql =
      version_ == 1 ? "SELECT owner, 'SubmitJob', request_id, content_hash, job_id, 0 FROM submissions"
                    : "SELECT principal, method, request_id, content_hash, job_id, at FROM requests";
  absl::StatusOr<SqliteStatement> select = db_.Prepare(sql);
  absl::Status taken;
  absl::Status read = select.status();
  if (read.ok()) {
    read = select->ForEach([&](const SqliteStatement& row) {
      taken = take({row.Bytes(0), row.Bytes(1), row.Bytes(2), row.Bytes(3), row.Bytes(4),
                    absl::Nanoseconds(row.Integer(5))});
      return taken;
    });
  }
  SIMCLR_RETURN_IF_ERROR(taken);
  if (!read.ok()) losses.push_back(absl::StrCat("request ids: ", read.message()));
  return absl::OkStatus();
}

}  // namespace simclr::coordinator
