#include "coordinator/store/database_builder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "coordinator/store/ended_job_rows.h"
#include "coordinator/store/event_rows.h"
#include "coordinator/store/request_rows.h"
#include "coordinator/store/schema.h"

namespace simclr::coordinator {
namespace {

std::string NewPath(const std::string& path) {
  return absl::StrCat(path, ".new");
}

absl::Status RemoveWithLog(const std::string& path) {
  for (const char* suffix : {"-wal", "-shm", ""}) {
    SIMCLR_RETURN_IF_ERROR(PosixFileSystem().RemoveAll(absl::StrCat(path, suffix)));
  }
  return absl::OkStatus();
}

absl::Status Failed(const char* doing, const std::string& path) {
  return absl::InternalError(absl::StrCat("cannot ", doing, " ", path, ": ", std::strerror(errno)));
}

absl::Status SyncFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failed("open", path);
  const bool synced = ::fsync(fd) == 0;
  const absl::Status status = synced ? absl::OkStatus() : Failed("sync", path);
  ::close(fd);
  return status;
}

// A second name costs nothing; not every file system has them.
absl::Status Keep(const std::string& path, const std::string& kept_as) {
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().RemoveAll(kept_as));
  if (::link(path.c_str(), kept_as.c_str()) == 0) return absl::OkStatus();
  std::error_code error;
  std::filesystem::copy_file(path, kept_as, error);
  if (error)
    return absl::InternalError(absl::StrCat("cannot copy ", path, " to ", kept_as, ": ", error.message()));
  return SyncFile(kept_as);
}

}  // namespace

struct DatabaseBuilder::Draft {
  explicit Draft(SqliteDb opened) : db(std::move(opened)) {}
  absl::Status Prepare() {
    SIMCLR_ASSIGN_OR_RETURN(SqliteTransaction begun, SqliteTransaction::Begin(db));
    transaction.emplace(std::move(begun));
    SIMCLR_RETURN_IF_ERROR(MakeSchema(db));
    SIMCLR_ASSIGN_OR_RETURN(EventRows event_rows, EventRows::Prepare(db));
    events.emplace(std::move(event_rows));
    SIMCLR_ASSIGN_OR_RETURN(EndedJobRows ended_rows, EndedJobRows::Prepare(db));
    ended.emplace(std::move(ended_rows));
    SIMCLR_ASSIGN_OR_RETURN(RequestRows request_rows, RequestRows::Prepare(db));
    requests.emplace(std::move(request_rows));
    return absl::OkStatus();
  }

  SqliteDb db;
  std::optional<SqliteTransaction> transaction;
  std::optional<EventRows> events;
  std::optional<EndedJobRows> ended;
  std::optional<RequestRows> requests;
};

absl::StatusOr<DatabaseBuilder> DatabaseBuilder::Begin(const std::string& database_path) {
  SIMCLR_RETURN_IF_ERROR(RemoveWithLog(NewPath(database_path)));
  SIMCLR_ASSIGN_OR_RETURN(SqliteDb db, SqliteDb::Open(NewPath(database_path)));
  auto draft = std::make_unique<Draft>(std::move(db));
  SIMCLR_RETURN_IF_ERROR(draft->Prepare());
  return DatabaseBuilder(database_path, std::move(draft));
}

DatabaseBuilder::DatabaseBuilder(std::string path, std::unique_ptr<Draft> draft)
    : path_(std::move(path)), draft_(std::move(draft)) {}
DatabaseBuilder::~DatabaseBuilder() = default;
DatabaseBuilder::DatabaseBuilder(DatabaseBuilder&&) noexcept = default;

absl::Status DatabaseBuilder::AddEvent(const StoredEvent& event) {
  return event.lost ? absl::OkStatus() : draft_->events->Write(event.revision, event.body);
}

absl::Status DatabaseBuilder::AddEvent(const v1::Event& event) {
  return draft_->events->Write(event);
}

absl::Status DatabaseBuilder::AddEnded(const v1::JobRecord& record) {
  return draft_->ended->Write(record);
}

absl::Status DatabaseBuilder::AddRequest(const RequestRecord& request) {
  return draft_->requests->Write({request});
}

absl::StatusOr<std::string> DatabaseBuilder::EventDigest(std::int64_t revision) {
  return draft_->events->Digest(revision);
}

SqliteDb& DatabaseBuilder::db() {
  return draft_->db;
}

absl::Status DatabaseBuilder::Finish() {
  SIMCLR_RETURN_IF_ERROR(draft_->transaction->Commit());
  draft_.reset();  // the last connection that closes moves the log into the file
  return SyncFile(NewPath(path_));
}

absl::Status DatabaseBuilder::Install(const std::string& kept_as) {
  FileSystem& files = PosixFileSystem();
  SIMCLR_RETURN_IF_ERROR(Keep(path_, kept_as));
  const std::string log = absl::StrCat(path_, "-wal");
  if (files.Exists(log)) SIMCLR_RETURN_IF_ERROR(Keep(log, absl::StrCat(kept_as, "-wal")));
  const std::string directory = std::filesystem::path(path_).parent_path().string();
  SIMCLR_RETURN_IF_ERROR(files.SyncDirectory(directory));
  // The log of the old file must not be taken for that of the new one.
  SIMCLR_RETURN_IF_ERROR(files.RemoveAll(log));
  SIMCLR_RETURN_IF_ERROR(files.RemoveAll(absl::StrCat(path_, "-shm")));
  SIMCLR_RETURN_IF_ERROR(files.Rename(NewPath(path_), path_));
  return files.SyncDirectory(directory);
}

}  // namespace simclr::coordinator
