#include "engine/data/file_dataset.h"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "engine/data/file_layout.h"
#include "engine/data/image_decoder.h"
#include "engine/data/random_access_file.h"
#include "engine/data/tar_index.h"

namespace simclr::engine {
namespace {

// Where the bytes of a file come from. Thread-safe.
class FileSet {
 public:
  virtual ~FileSet() = default;
  virtual const std::vector<std::string>& paths() const = 0;
  virtual absl::StatusOr<std::string> Read(std::size_t file) const = 0;
};

class FolderFiles final : public FileSet {
 public:
  FolderFiles(std::string root, std::vector<std::string> paths, DataProgress progress)
      : root_(std::move(root)), paths_(std::move(paths)), progress_(std::move(progress)) {}

  const std::vector<std::string>& paths() const override { return paths_; }
  absl::StatusOr<std::string> Read(std::size_t file) const override {
    SIMCLR_ASSIGN_OR_RETURN(const auto opened,
                            RandomAccessFile::Open(JoinPath(root_, paths_[file]), progress_));
    return opened->Read(0, opened->size());
  }

 private:
  const std::string root_;
  const std::vector<std::string> paths_;
  const DataProgress progress_;
};

class TarFiles final : public FileSet {
 public:
  TarFiles(std::shared_ptr<const RandomAccessFile> archive, std::vector<TarEntry> entries)
      : archive_(std::move(archive)), entries_(std::move(entries)) {
    for (const TarEntry& entry : entries_) paths_.push_back(entry.path);
  }

  const std::vector<std::string>& paths() const override { return paths_; }
  absl::StatusOr<std::string> Read(std::size_t file) const override {
    return archive_->Read(entries_[file].offset, entries_[file].size);
  }

 private:
  const std::shared_ptr<const RandomAccessFile> archive_;
  const std::vector<TarEntry> entries_;
  std::vector<std::string> paths_;
};

class FileDataset final : public Dataset {
 public:
  FileDataset(std::unique_ptr<const FileSet> files, FileLayout layout)
      : files_(std::move(files)), layout_(std::move(layout)) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(layout_.files.size()); }
  int label(std::int64_t index) const override { return layout_.labels[index]; }
  const std::vector<std::string>& classes() const override { return layout_.classes; }
  std::string name(std::int64_t index) const override {
    return Printable(files_->paths()[layout_.files[index]]);
  }
  absl::StatusOr<Image> Read(std::int64_t index) const override {
    SIMCLR_ASSIGN_OR_RETURN(const std::string bytes, files_->Read(layout_.files[index]));
    return DecodeImage(bytes, name(index));
  }

 private:
  const std::unique_ptr<const FileSet> files_;
  const FileLayout layout_;
};

absl::StatusOr<std::shared_ptr<const Dataset>> Arrange(std::unique_ptr<const FileSet> files,
                                                       const std::string& path, const std::string& split) {
  FileLayout layout = ArrangeFiles(files->paths(), split);
  if (layout.files.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        Printable(path), " holds no images; expected JPEG or PNG files, <class>/ folders of them, or ", split,
        "/<class>/ folders"));
  }
  return std::make_shared<FileDataset>(std::move(files), std::move(layout));
}

absl::Status ListError(const std::string& path, const std::error_code& error) {
  return absl::InternalError(absl::StrCat("cannot list ", Printable(path), ": ", error.message()));
}

absl::StatusOr<std::vector<std::string>> ListFiles(const std::string& root, const DataProgress& progress) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::string> paths;
  auto entry = fs::recursive_directory_iterator(root, fs::directory_options::follow_directory_symlink, error);
  if (error) return ListError(root, error);
  for (; entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (error) return ListError(root, error);
    std::error_code broken_link;
    if (!entry->is_regular_file(broken_link)) continue;
    paths.push_back(entry->path().lexically_relative(root).generic_string());
    if (progress) progress(1, 0);
  }
  return error ? ListError(root, error) : absl::StatusOr<std::vector<std::string>>(std::move(paths));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Dataset>> OpenFolder(const std::string& path, const std::string& split,
                                                          const DataProgress& progress) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return absl::NotFoundError(absl::StrCat("data folder ", Printable(path), " does not exist"));
  }
  if (!std::filesystem::is_directory(status)) {
    return absl::InvalidArgumentError(absl::StrCat(
        Printable(path), " is not a folder; write tar:", Printable(path), " where it is a tar archive"));
  }
  SIMCLR_ASSIGN_OR_RETURN(std::vector<std::string> paths, ListFiles(path, progress));
  return Arrange(std::make_unique<FolderFiles>(path, std::move(paths), progress), path, split);
}

absl::StatusOr<std::shared_ptr<const Dataset>> OpenTar(const std::string& path, const std::string& split,
                                                       const DataProgress& progress) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat(Printable(path), " is a folder; write folder:", Printable(path)));
  }
  SIMCLR_ASSIGN_OR_RETURN(auto archive, RandomAccessFile::Open(path, progress));
  SIMCLR_ASSIGN_OR_RETURN(std::vector<TarEntry> entries, IndexTar(*archive));
  return Arrange(std::make_unique<TarFiles>(std::move(archive), std::move(entries)), path, split);
}

}  // namespace simclr::engine
