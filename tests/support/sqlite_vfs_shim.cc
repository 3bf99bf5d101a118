#include "tests/support/sqlite_vfs_shim.h"

#include <signal.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/base/file_system.h"

namespace simclr {
namespace {

constexpr std::size_t kSector = 512;

// A file of the VFS below, with its path; tracked files are the database and its log.
struct ShimFile {
  sqlite3_file base;
  bool tracked;
  char* path;
  sqlite3_file* real;  // behind this object
};

ShimFile* Shim(sqlite3_file* file) {
  return reinterpret_cast<ShimFile*>(file);
}
sqlite3_file* Real(sqlite3_file* file) {
  return Shim(file)->real;
}

int Close(sqlite3_file* file) {
  std::free(Shim(file)->path);
  return Real(file)->pMethods->xClose(Real(file));
}
int Read(sqlite3_file* file, void* buffer, int size, sqlite3_int64 offset) {
  return Real(file)->pMethods->xRead(Real(file), buffer, size, offset);
}
int Write(sqlite3_file* file, const void* buffer, int size, sqlite3_int64 offset) {
  if (Shim(file)->tracked) {
    const absl::string_view bytes(static_cast<const char*>(buffer), static_cast<std::size_t>(size));
    const int code = SqliteVfsShim::Get().BeforeWrite(Shim(file)->path, offset, bytes);
    if (code != SQLITE_OK) return code;
  }
  return Real(file)->pMethods->xWrite(Real(file), buffer, size, offset);
}
int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (Shim(file)->tracked) {
    const int code = SqliteVfsShim::Get().BeforeTruncate(Shim(file)->path, size);
    if (code != SQLITE_OK) return code;
  }
  return Real(file)->pMethods->xTruncate(Real(file), size);
}
int Sync(sqlite3_file* file, int flags) {
  if (!Shim(file)->tracked) return Real(file)->pMethods->xSync(Real(file), flags);
  int code = SqliteVfsShim::Get().BeforeSync(Shim(file)->path);
  if (code == SQLITE_OK) code = Real(file)->pMethods->xSync(Real(file), flags);
  return code == SQLITE_OK ? SqliteVfsShim::Get().AfterSync(Shim(file)->path) : code;
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return Real(file)->pMethods->xFileSize(Real(file), size);
}
int Lock(sqlite3_file* file, int kind) {
  return Real(file)->pMethods->xLock(Real(file), kind);
}
int Unlock(sqlite3_file* file, int kind) {
  return Real(file)->pMethods->xUnlock(Real(file), kind);
}
int CheckReservedLock(sqlite3_file* file, int* result) {
  return Real(file)->pMethods->xCheckReservedLock(Real(file), result);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Real(file)->pMethods->xFileControl(Real(file), operation, argument);
}
int SectorSize(sqlite3_file* file) {
  return Real(file)->pMethods->xSectorSize(Real(file));
}
int DeviceCharacteristics(sqlite3_file* file) {
  return Real(file)->pMethods->xDeviceCharacteristics(Real(file));
}
int ShmMap(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
  return Real(file)->pMethods->xShmMap(Real(file), page, size, extend, memory);
}
int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  return Real(file)->pMethods->xShmLock(Real(file), offset, count, flags);
}
void ShmBarrier(sqlite3_file* file) {
  Real(file)->pMethods->xShmBarrier(Real(file));
}
int ShmUnmap(sqlite3_file* file, int remove) {
  return Real(file)->pMethods->xShmUnmap(Real(file), remove);
}

const sqlite3_io_methods kMethods = {2,
                                     Close,
                                     Read,
                                     Write,
                                     Truncate,
                                     Sync,
                                     FileSize,
                                     Lock,
                                     Unlock,
                                     CheckReservedLock,
                                     FileControl,
                                     SectorSize,
                                     DeviceCharacteristics,
                                     ShmMap,
                                     ShmLock,
                                     ShmBarrier,
                                     ShmUnmap,
                                     nullptr,
                                     nullptr};

sqlite3_vfs* Below(sqlite3_vfs* vfs) {
  return static_cast<sqlite3_vfs*>(vfs->pAppData);
}

int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  ShimFile* shim = Shim(file);
  shim->base.pMethods = nullptr;
  shim->real = reinterpret_cast<sqlite3_file*>(shim + 1);
  const int code = Below(vfs)->xOpen(Below(vfs), path, shim->real, flags, out_flags);
  if (shim->real->pMethods == nullptr) return code;
  shim->tracked = path != nullptr && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0;
  shim->path = ::strdup(path == nullptr ? "" : path);
  shim->base.pMethods = &kMethods;
  return code;
}

sqlite3_vfs* MakeVfs() {
  sqlite3_vfs* below = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs vfs =
      *below;  // what is not changed here goes to the one below as it is: it needs no state of ours
  vfs.zName = "simclr-faults";
  vfs.szOsFile = static_cast<int>(sizeof(ShimFile)) + below->szOsFile;
  vfs.pAppData = below;
  vfs.xOpen = Open;
  vfs.xDelete = [](sqlite3_vfs* self, const char* path, int sync) {
    if (SqliteVfsShim::Get().cut()) return SQLITE_IOERR_DELETE;
    const int code = Below(self)->xDelete(Below(self), path, sync);
    SqliteVfsShim::Get().AfterDelete(path);
    return code;
  };
  vfs.xAccess = [](sqlite3_vfs* self, const char* path, int flags, int* result) {
    return Below(self)->xAccess(Below(self), path, flags, result);
  };
  vfs.xFullPathname = [](sqlite3_vfs* self, const char* path, int size, char* out) {
    return Below(self)->xFullPathname(Below(self), path, size, out);
  };
  return &vfs;
}

}  // namespace

SqliteVfsShim& SqliteVfsShim::Get() {
  static SqliteVfsShim* const shim = new SqliteVfsShim();
  static const int registered = sqlite3_vfs_register(MakeVfs(), 1);
  assert(registered == SQLITE_OK);
  return *shim;
}

void SqliteVfsShim::InstallFromEnvironment() {
  const char* text = std::getenv("SIMCLR_SQLITE_FAULTS");
  if (text == nullptr) return;
  SqliteVfsShim& shim = Get();
  std::uint64_t seed = 1;
  int cut_after = -1;
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(word, absl::MaxSplits('=', 1));
    int number = 0;
    absl::Duration delay;
    if (parts.size() != 2) continue;
    if (parts[0] == "sync-delay" && absl::ParseDuration(parts[1], &delay)) shim.SetSyncDelay(delay);
    if (parts[0] == "seed") (void)absl::SimpleAtoi(parts[1], &seed);
    if (!absl::SimpleAtoi(parts[1], &number)) continue;
    if (parts[0] == "full-after") shim.FailAfter(number, Failure::kFull);
    if (parts[0] == "io-error-after") shim.FailAfter(number, Failure::kIoError);
    if (parts[0] == "cut-after") cut_after = number;
  }
  if (cut_after >= 0) shim.CutAfter(cut_after, seed);
  absl::MutexLock lock(&shim.mutex_);
  shim.dies_ = true;
}

void SqliteVfsShim::SetSyncDelay(absl::Duration delay) {
  absl::MutexLock lock(&mutex_);
  sync_delay_ = delay;
}

void SqliteVfsShim::FailAfter(int operations, Failure failure) {
  absl::MutexLock lock(&mutex_);
  fail_at_ = operations_ + operations;
  failure_ = failure;
}

void SqliteVfsShim::CutAfter(int operations, std::uint64_t seed) {
  absl::MutexLock lock(&mutex_);
  cut_at_ = operations_ + operations;
  random_.seed(seed);
}

bool SqliteVfsShim::cut() const {
  absl::MutexLock lock(&mutex_);
  return cut_;
}

void SqliteVfsShim::Heal() {
  absl::MutexLock lock(&mutex_);
  if (cut_) LoseWrites();
  fail_at_ = cut_at_ = -1;
  cut_ = false;
}

int SqliteVfsShim::Count(int failure_code) {
  const std::int64_t operation = operations_++;
  if (cut_at_ >= 0 && operation >= cut_at_ && !cut_) {
    cut_ = true;
    if (dies_) {
      LoseWrites();
      ::kill(::getpid(), SIGKILL);
    }
  }
  if (cut_) return failure_code;
  return fail_at_ < 0 || operation < fail_at_ ? SQLITE_OK
         : failure_ == Failure::kFull         ? SQLITE_FULL
                                              : failure_code;
}

SqliteVfsShim::File& SqliteVfsShim::FileOf(const std::string& path) {
  const auto [it, added] = files_.try_emplace(path);
  if (added) it->second.durable = PosixFileSystem().Read(path).value();
  return it->second;
}

int SqliteVfsShim::BeforeWrite(const std::string& path, std::int64_t offset, absl::string_view bytes) {
  absl::MutexLock lock(&mutex_);
  const bool was_cut = cut_;
  const int code = Count(SQLITE_IOERR_WRITE);
  // The write at which the power goes may have reached the disk.
  if (!was_cut && (code == SQLITE_OK || cut_))
    FileOf(path).since.push_back({offset, std::string(bytes), false});
  return code;
}

int SqliteVfsShim::BeforeTruncate(const std::string& path, std::int64_t size) {
  absl::MutexLock lock(&mutex_);
  const bool was_cut = cut_;
  const int code = Count(SQLITE_IOERR_TRUNCATE);
  if (!was_cut && (code == SQLITE_OK || cut_)) FileOf(path).since.push_back({size, "", true});
  return code;
}

int SqliteVfsShim::BeforeSync(const std::string& path) {
  absl::Duration delay;
  {
    absl::MutexLock lock(&mutex_);
    const int code = Count(SQLITE_IOERR_FSYNC);
    // A full disk is told by writes.
    if (code != SQLITE_OK && code != SQLITE_FULL) return code;
    delay = sync_delay_;
  }
  if (delay > absl::ZeroDuration()) absl::SleepFor(delay);
  return SQLITE_OK;
}

int SqliteVfsShim::AfterSync(const std::string& path) {
  absl::MutexLock lock(&mutex_);
  if (cut_) return SQLITE_IOERR_FSYNC;  // the power went meanwhile
  files_.erase(path);
  return SQLITE_OK;
}

void SqliteVfsShim::AfterDelete(const std::string& path) {
  absl::MutexLock lock(&mutex_);
  if (!cut_) files_.erase(path);
}

std::string SqliteVfsShim::Surviving(const File& file) {
  std::string bytes = file.durable;
  for (const Write& write : file.since) {
    const auto fate = random_() % 4;  // lost, torn, or kept
    const auto offset = static_cast<std::size_t>(write.offset);
    if (fate == 0) continue;
    if (write.truncates) {
      bytes.resize(offset);
      continue;
    }
    const std::size_t whole = write.bytes.size();
    const std::size_t kept = fate == 1 ? std::min(whole, random_() % (whole / kSector + 1) * kSector) : whole;
    if (bytes.size() < offset + kept) bytes.resize(offset + kept);
    bytes.replace(offset, kept, write.bytes, 0, kept);
  }
  return bytes;
}

void SqliteVfsShim::LoseWrites() {
  for (const auto& [path, file] : files_) {
    const absl::Status written = PosixFileSystem().Write(path, Surviving(file));
    assert(written.ok());
  }
  files_.clear();
}

}  // namespace simclr
