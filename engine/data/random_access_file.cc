#include "engine/data/random_access_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/text.h"
#include "common/base/used_up.h"

namespace simclr::engine {
namespace {

absl::Status OpenError(const std::string& path) {
  const std::string what = absl::StrCat("cannot open ", Printable(path), ": ");
  const std::string used_up = UsedUp(errno);
  if (!used_up.empty()) return absl::AbortedError(absl::StrCat(what, used_up));
  const std::string message = absl::StrCat(what, std::strerror(errno));
  return errno == ENOENT || errno == ENOTDIR ? absl::NotFoundError(message) : absl::InternalError(message);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const RandomAccessFile>> RandomAccessFile::Open(const std::string& path,
                                                                               DataProgress progress) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return OpenError(path);
  struct stat info;
  if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(descriptor);
    return absl::FailedPreconditionError(absl::StrCat(Printable(path), " is not a regular file"));
  }
  return std::shared_ptr<const RandomAccessFile>(
      new RandomAccessFile(path, descriptor, info.st_size, std::move(progress)));
}

RandomAccessFile::~RandomAccessFile() {
  close(descriptor_);
}

absl::StatusOr<std::string> RandomAccessFile::Read(std::int64_t offset, std::int64_t size) const {
  if (offset < 0 || size < 0 || size > size_ - offset) {
    return absl::OutOfRangeError(absl::StrCat(Printable(path_), " has ", size_, " bytes; bytes ", offset,
                                              " to ", offset + size, " were asked for: the file is cut off"));
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  std::int64_t done = 0;
  while (done < size) {
    const ssize_t got = pread(descriptor_, bytes.data() + done, size - done, offset + done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return absl::InternalError(absl::StrCat("cannot read ", Printable(path_), ": ",
                                              got < 0 ? std::strerror(errno) : "it became shorter"));
    }
    done += got;
    if (progress_) progress_(0, got);
  }
  return bytes;
}

}  // namespace simclr::engine
