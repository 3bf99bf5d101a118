#include "engine/data/cifar_dataset.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "engine/data/random_access_file.h"

namespace simclr::engine {
namespace {

constexpr int kSide = 32;
constexpr std::int64_t kPlane = kSide * kSide;
constexpr std::int64_t kRecord = 1 + 3 * kPlane;

using Batches = std::vector<std::shared_ptr<const RandomAccessFile>>;

std::vector<std::string> Cifar10Classes() {
  return {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
}

class CifarDataset final : public Dataset {
 public:
  CifarDataset(Batches batches, std::vector<int> labels, std::vector<std::string> classes)
      : batches_(std::move(batches)), labels_(std::move(labels)), classes_(std::move(classes)) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(labels_.size()); }
  int label(std::int64_t index) const override { return labels_[index]; }
  const std::vector<std::string>& classes() const override { return classes_; }
  std::string name(std::int64_t index) const override { return absl::StrCat("#", index); }

  absl::StatusOr<Image> Read(std::int64_t index) const override {
    std::size_t batch = 0;
    while (index >= batches_[batch]->size() / kRecord) index -= batches_[batch++]->size() / kRecord;
    SIMCLR_ASSIGN_OR_RETURN(const std::string planes, batches_[batch]->Read(index * kRecord + 1, 3 * kPlane));
    Image image{kSide, kSide, std::vector<std::uint8_t>(3 * kPlane)};
    for (std::int64_t i = 0; i < 3 * kPlane; ++i) {
      image.pixels[3 * (i % kPlane) + i / kPlane] = static_cast<std::uint8_t>(planes[i]);
    }
    return image;
  }

 private:
  const Batches batches_;
  const std::vector<int> labels_;
  const std::vector<std::string> classes_;
};

// The files of a split, by name; the path itself where it is a file.
absl::StatusOr<std::vector<std::string>> BatchFiles(const std::string& path, const std::string& split) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::is_regular_file(path, error)) return std::vector<std::string>{path};
  const std::string inner = JoinPath(path, "cifar-10-batches-bin");
  const std::string folder = fs::is_directory(inner, error) ? inner : path;
  if (!fs::is_directory(folder, error)) return absl::NotFoundError(absl::StrCat(path, " does not exist"));
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<std::string> names, PosixFileSystem().List(folder));
  std::vector<std::string> files;
  const std::string prefix = split == "test" ? "test_batch" : "data_batch_";
  for (const std::string& name : names) {
    if (absl::StartsWith(name, prefix) && absl::EndsWith(name, ".bin"))
      files.push_back(JoinPath(folder, name));
  }
  if (!files.empty()) return files;
  return absl::InvalidArgumentError(
      absl::StrCat(path, " holds no ", prefix, "*.bin; expected the files of CIFAR-10's binary version"));
}

std::vector<std::string> ClassNames(const std::string& batch_file) {
  const std::string meta =
      JoinPath(std::filesystem::path(batch_file).parent_path().string(), "batches.meta.txt");
  const absl::StatusOr<std::string> text = PosixFileSystem().Read(meta);
  if (!text.ok()) return Cifar10Classes();
  return absl::StrSplit(*text, absl::ByAnyChar("\r\n"), absl::SkipWhitespace());
}

absl::Status AppendLabels(const RandomAccessFile& batch, std::size_t classes, std::vector<int>* labels) {
  if (batch.size() == 0 || batch.size() % kRecord != 0) {
    return absl::InvalidArgumentError(absl::StrCat(batch.path(), " has ", batch.size(),
                                                   " bytes, which is no multiple of a CIFAR-10 record (",
                                                   kRecord, "): it is cut off or of another kind"));
  }
  for (std::int64_t record = 0; record * kRecord < batch.size(); ++record) {
    SIMCLR_ASSIGN_OR_RETURN(const std::string label, batch.Read(record * kRecord, 1));
    labels->push_back(static_cast<unsigned char>(label[0]));
    if (static_cast<std::size_t>(labels->back()) >= classes) {
      return absl::InvalidArgumentError(absl::StrCat(batch.path(), " record ", record, " has label ",
                                                     labels->back(), "; there are ", classes, " classes"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Dataset>> OpenCifar(const std::string& path, const std::string& split,
                                                         const DataProgress& progress) {
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<std::string> files, BatchFiles(path, split));
  const std::vector<std::string> classes = ClassNames(files[0]);
  Batches batches;
  std::vector<int> labels;
  for (const std::string& file : files) {
    SIMCLR_ASSIGN_OR_RETURN(auto batch, RandomAccessFile::Open(file, progress));
    SIMCLR_RETURN_IF_ERROR(AppendLabels(*batch, classes.size(), &labels));
    batches.push_back(std::move(batch));
  }
  return std::make_shared<CifarDataset>(std::move(batches), std::move(labels), classes);
}

}  // namespace simclr::engine
