#include "common/storage/artifact_store.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace simclr {
namespace {

constexpr absl::string_view kPartial = ".partial";

std::string Parent(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

class DirectoryDraft : public ArtifactDraft {
 public:
  DirectoryDraft(std::string target, FileSystem& files)
      : target_(std::move(target)), partial_(absl::StrCat(target_, kPartial)), files_(files) {}

  ~DirectoryDraft() override {
    if (!committed_) files_.RemoveAll(partial_).IgnoreError();
  }

  absl::Status Put(const std::string& name, absl::string_view bytes) override {
    return files_.Write(JoinPath(partial_, name), bytes);
  }

  absl::Status Commit() override {
    SIMCLR_RETURN_IF_ERROR(files_.SyncDirectory(partial_));
    SIMCLR_RETURN_IF_ERROR(files_.RemoveAll(target_));
    SIMCLR_RETURN_IF_ERROR(files_.Rename(partial_, target_));
    committed_ = true;
    return files_.SyncDirectory(Parent(target_));
  }

 private:
  const std::string target_;
  const std::string partial_;
  FileSystem& files_;
  bool committed_ = false;
};

class DirectoryStore : public ArtifactStore {
 public:
  DirectoryStore(std::string root, FileSystem& files) : root_(std::move(root)), files_(files) {}

  absl::StatusOr<std::unique_ptr<ArtifactDraft>> Begin(const std::string& name) override {
    const std::string target = JoinPath(root_, name);
    const std::string partial = absl::StrCat(target, kPartial);
    // What a killed writer left.
    SIMCLR_RETURN_IF_ERROR(files_.RemoveAll(partial));
    SIMCLR_RETURN_IF_ERROR(files_.MakeDirectories(partial));
    return std::make_unique<DirectoryDraft>(target, files_);
  }

  absl::StatusOr<std::string> Open(const std::string& path) const override {
    return files_.Read(JoinPath(root_, path));
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) const override {
    const std::string path = JoinPath(root_, directory);
    if (!files_.Exists(path)) return std::vector<std::string>{};
    SIMCLR_ASSIGN_OR_RETURN(std::vector<std::string> names, files_.List(path));
    std::vector<std::string> committed;
    for (std::string& name : names) {
      if (!absl::EndsWith(name, kPartial)) committed.push_back(std::move(name));
    }
    return committed;
  }

  absl::Status Remove(const std::string& name) override { return files_.RemoveAll(JoinPath(root_, name)); }

 private:
  const std::string root_;
  FileSystem& files_;
};

}  // namespace

std::unique_ptr<ArtifactStore> MakeDirectoryStore(const std::string& root, FileSystem& files) {
  return std::make_unique<DirectoryStore>(root, files);
}

}  // namespace simclr
