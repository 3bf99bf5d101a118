#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/file_system.h"

namespace simclr {

// An artifact being written. Nobody sees it before Commit; destroyed without Commit it leaves nothing behind.
// Not thread-safe.
class ArtifactDraft {
 public:
  virtual ~ArtifactDraft() = default;

  // Adds a file; `name` has no slash. RESOURCE_EXHAUSTED where the store is full.
  virtual absl::Status Put(const std::string& name, absl::string_view bytes) = 0;
  // Makes the artifact visible as a whole, in place of one of the same name, and durable. At most once, last.
  virtual absl::Status Commit() = 0;
};

// Named sets of files that appear as a whole: checkpoints, exports. Names are relative paths such as
// "j-01/checkpoints/a1-s200". Thread-safe as long as no two writers share a name.
class ArtifactStore {
 public:
  virtual ~ArtifactStore() = default;

  virtual absl::StatusOr<std::unique_ptr<ArtifactDraft>> Begin(const std::string& name) = 0;
  // One file, "<artifact>/<file>". NOT_FOUND where there is none.
  virtual absl::StatusOr<std::string> Open(const std::string& path) const = 0;
  // Committed artifacts directly below `directory`, sorted; none where it does not exist.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& directory) const = 0;
  // A missing artifact is fine.
  virtual absl::Status Remove(const std::string& name) = 0;
};

// A directory that every user of the store can reach. A draft is "<name>.partial" until it is synced and
// renamed. `files` outlives the store.
std::unique_ptr<ArtifactStore> MakeDirectoryStore(const std::string& root, FileSystem& files);

}  // namespace simclr
