#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/collect/plan.h"

namespace simclr::coordinator {

// What is in the artifact root. Paths are relative to it, have no "." and "..", and begin with a job id where
// something is removed. Thread-safe.
class ArtifactTree {
 public:
  virtual ~ArtifactTree() = default;

  // What is in a directory, sorted; "" is the root. NOT_FOUND: there is no such directory.
  virtual absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& path) const = 0;
  // Removes a directory with all that is in it, and adds the bytes of its files to `bytes`; a link goes, not
  // what it names. Missing is fine. INVALID_ARGUMENT: not below a job's directory, nor one.
  virtual absl::Status Remove(const std::string& path, std::int64_t& bytes) const = 0;
  // A regular file of at most `limit` bytes. NOT_FOUND: there is none.
  virtual absl::StatusOr<std::string> Read(const std::string& path, std::size_t limit) const = 0;
  virtual absl::StatusOr<std::int64_t> Size(const std::string& path) const = 0;
};

// The directory that it is, walked name by name without following a link and without leaving its file system:
// whatever stands there, nothing outside is touched.
class ArtifactRoot : public ArtifactTree {
 public:
  explicit ArtifactRoot(std::string root) : root_(std::move(root)) {}

  absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& path) const override;
  absl::Status Remove(const std::string& path, std::int64_t& bytes) const override;
  absl::StatusOr<std::string> Read(const std::string& path, std::size_t limit) const override;
  absl::StatusOr<std::int64_t> Size(const std::string& path) const override;

 private:
  const std::string root_;
};

}  // namespace simclr::coordinator
