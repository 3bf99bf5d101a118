#include "coordinator/server/artifact_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/last_lines.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "coordinator/core/page.h"

namespace simclr::coordinator {
namespace {

absl::StatusOr<std::vector<std::string>> SafeNames(const std::string& path) {
  const std::vector<std::string> names = absl::StrSplit(path, '/');
  for (const std::string& name : names) {
    const bool unsafe = name.empty() || name == "." || name == ".." || name.find('\0') != std::string::npos;
    if (unsafe) {
      return absl::InvalidArgumentError(absl::StrCat(
          "path '", path, "' is refused; write one relative to the job's directory, such as logs/a1-r0.log"));
    }
  }
  return names;
}

}  // namespace

ArtifactFile::~ArtifactFile() {
  if (fd_ >= 0) ::close(fd_);
}

ArtifactFile::ArtifactFile(ArtifactFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), gate_(other.gate_) {}

absl::StatusOr<std::string> ArtifactFile::ReadAt(std::int64_t offset, std::size_t limit) const {
  SIMCLR_ASSIGN_OR_RETURN(const Gate::Pass pass, gate_.Enter());
  std::string bytes(limit, '\0');
  const ssize_t got = ::pread(fd_, bytes.data(), limit, offset);
  if (got < 0) return absl::InternalError(absl::StrCat("cannot read an artifact: ", std::strerror(errno)));
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

absl::StatusOr<std::int64_t> ArtifactFile::Size() const {
  SIMCLR_ASSIGN_OR_RETURN(const Gate::Pass pass, gate_.Enter());
  struct stat facts {};
  if (::fstat(fd_, &facts) != 0) return absl::InternalError(absl::StrCat("fstat: ", std::strerror(errno)));
  return facts.st_size;
}

absl::StatusOr<std::int64_t> ArtifactFile::OffsetOfLastLines(std::int64_t lines) const {
  SIMCLR_ASSIGN_OR_RETURN(const std::int64_t size, Size());
  return simclr::OffsetOfLastLines(
      0, size, lines, [this](std::int64_t offset, std::size_t limit) { return ReadAt(offset, limit); });
}

absl::StatusOr<ArtifactFile> ArtifactReader::Open(const std::string& job_id, const std::string& path) const {
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<std::string> names, SafeNames(absl::StrCat(job_id, "/", path)));
  SIMCLR_ASSIGN_OR_RETURN(const Gate::Pass pass, gate_.Enter());
  int fd = ::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (const std::string& name : names) {
    if (fd < 0) break;
    // O_NONBLOCK: opening a pipe that somebody put there must not hang.
    const int next = ::openat(fd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ::close(fd);
    fd = next;
  }
  struct stat facts {};
  const bool regular = fd >= 0 && ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
  if (regular) return ArtifactFile(fd, gate_);
  if (fd >= 0) ::close(fd);
  return absl::NotFoundError(absl::StrCat("job ", job_id, " has no file '", path, "'"));
}

absl::StatusOr<v1::ListArtifactsResponse> ArtifactReader::List(
    const v1::ListArtifactsRequest& request) const {
  using File = v1::ListArtifactsResponse::File;
  SIMCLR_ASSIGN_OR_RETURN(const Gate::Pass pass, gate_.Enter());
  std::vector<File> found;
  std::error_code error;
  const std::filesystem::path directory = std::filesystem::path(root_) / request.job();
  for (std::filesystem::recursive_directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    if (it->is_symlink(ignored) || !it->is_regular_file(ignored)) continue;
    const std::string path = Printable(it->path().lexically_relative(directory).string());
    if (!absl::StartsWith(path, request.prefix())) continue;
    File& file = found.emplace_back();
    file.set_path(path);
    file.set_bytes(static_cast<std::int64_t>(it->file_size(ignored)));
  }
  std::sort(found.begin(), found.end(), [](const File& a, const File& b) { return a.path() < b.path(); });
  v1::ListArtifactsResponse response;
  SIMCLR_RETURN_IF_ERROR(FillPage(
      found, [](const File& file) { return file.path(); }, request, response.mutable_files(),
      response.mutable_next_page_token()));
  return response;
}

}  // namespace simclr::coordinator
