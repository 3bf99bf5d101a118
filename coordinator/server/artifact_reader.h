#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/gate.h"
#include "simclr/v1/job_service.pb.h"

namespace simclr::coordinator {

// Of everything below that asks the artifact root, which may be a shared disk that does not answer.
inline constexpr GateLimits kArtifactGate = {.inside = 8};

// An open file. Each call may be UNAVAILABLE as the storage does not answer. Not thread-safe.
class ArtifactFile {
 public:
  // `gate` outlives it.
  ArtifactFile(int fd, Gate& gate) : fd_(fd), gate_(gate) {}
  ~ArtifactFile();
  ArtifactFile(ArtifactFile&& other) noexcept;
  ArtifactFile& operator=(ArtifactFile&&) = delete;

  // At most `limit` bytes from `offset` on; empty at the end.
  absl::StatusOr<std::string> ReadAt(std::int64_t offset, std::size_t limit) const;
  absl::StatusOr<std::int64_t> Size() const;
  // Where the last `lines` lines begin.
  absl::StatusOr<std::int64_t> OffsetOfLastLines(std::int64_t lines) const;

 private:
  int fd_;
  Gate& gate_;
};

// Files below a job's artifact directory, and nothing else: a path is walked name by name from the root
// without following links, and "..", absolute paths and empty names are refused. UNAVAILABLE: the storage
// does not answer. Thread-safe.
class ArtifactReader {
 public:
  explicit ArtifactReader(std::string root) : root_(std::move(root)) {}

  // INVALID_ARGUMENT: a path that tries to leave the directory. NOT_FOUND: no such regular file.
  absl::StatusOr<ArtifactFile> Open(const std::string& job_id, const std::string& path) const;
  // Regular files whose path begins with the request's prefix, a page of them; none where the job, which the
  // request names by its id, wrote nothing yet. INVALID_ARGUMENT: a page size that cannot be.
  absl::StatusOr<v1::ListArtifactsResponse> List(const v1::ListArtifactsRequest& request) const;

 private:
  const std::string root_;
  mutable Gate gate_{"storage", kArtifactGate};
};

}  // namespace simclr::coordinator
