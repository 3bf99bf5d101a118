#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "engine/data/cifar_dataset.h"
#include "engine/data/dataset.h"
#include "engine/data/file_dataset.h"
#include "engine/data/synthetic_dataset.h"

namespace simclr::engine {
namespace {

constexpr std::int64_t kMaxSyntheticSize = 512;
constexpr std::int64_t kMaxSyntheticImages = 100'000'000;

absl::Status BadSource(const std::string& source, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(
      "data source \"", source, "\" ", why,
      "; expected folder:PATH, tar:PATH, cifar10:PATH or synthetic:[train=N,test=N,seed=N,size=N]"));
}

absl::Status SetSyntheticOption(const std::string& source, absl::string_view setting,
                                SyntheticOptions* options) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(setting, absl::MaxSplits('=', 1));
  std::uint64_t value = 0;
  if (!absl::SimpleAtoi(parts.second, &value)) {
    return BadSource(source, absl::StrCat("has \"", setting, "\", which is not NAME=NUMBER"));
  }
  if (parts.first == "seed") {
    options->seed = value;
  } else if (parts.first == "train" && value <= kMaxSyntheticImages) {
    options->train = static_cast<std::int64_t>(value);
  } else if (parts.first == "test" && value <= kMaxSyntheticImages) {
    options->test = static_cast<std::int64_t>(value);
  } else if (parts.first == "size" && value >= 1 && value <= kMaxSyntheticSize) {
    options->size = static_cast<int>(value);
  } else {
    return BadSource(source, absl::StrCat("has an unknown or too large option \"", setting, "\""));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Dataset>> OpenSynthetic(const std::string& source,
                                                             absl::string_view settings,
                                                             const std::string& split) {
  SyntheticOptions options;
  for (absl::string_view setting : absl::StrSplit(settings, ',', absl::SkipEmpty())) {
    SIMCLR_RETURN_IF_ERROR(SetSyntheticOption(source, setting, &options));
  }
  if ((split == "test" ? options.test : options.train) == 0) {
    return BadSource(source, absl::StrCat("has no images for the split \"", split, "\""));
  }
  return MakeSyntheticDataset(options, split);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Dataset>> OpenDataset(const std::string& source,
                                                           const std::string& split,
                                                           const DataProgress& progress) {
  const std::size_t colon = source.find(':');
  if (colon == std::string::npos) return BadSource(source, "does not say its kind");
  const std::string kind = source.substr(0, colon), rest = source.substr(colon + 1);
  if (kind == "synthetic") return OpenSynthetic(source, rest, split);
  if (kind != "folder" && kind != "tar" && kind != "cifar10")
    return BadSource(source, "is of an unknown kind");
  if (rest.empty()) return BadSource(source, "names no path");
  if (kind == "folder") return OpenFolder(rest, split, progress);
  if (kind == "tar") return OpenTar(rest, split, progress);
  return OpenCifar(rest, split, progress);
}

}  // namespace simclr::engine
