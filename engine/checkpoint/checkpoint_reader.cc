#include <exception>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/crypto/sha256.h"
#include "engine/base/safetensors.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/checkpoint/checkpoint_files.h"

namespace simclr::engine {
namespace {

using FilesByName = std::map<std::string, std::string>;

absl::StatusOr<Position> DecodePosition(const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text);
    return Position{json.at("step"), json.at("seed"), json.at("dataset_size"), json.at("global_batch")};
  } catch (const std::exception& error) {
    return absl::DataLossError(absl::StrCat(kPositionFile, " is damaged: ", error.what()));
  }
}

absl::StatusOr<FilesByName> ReadVerified(const ArtifactStore& store, const std::string& path,
                                         const Manifest& manifest) {
  FilesByName files;
  for (const ManifestFile& file : manifest.files) {
    SIMCLR_ASSIGN_OR_RETURN(std::string bytes, store.Open(absl::StrCat(path, "/", file.name)));
    if (static_cast<std::int64_t>(bytes.size()) != file.bytes) {
      return absl::DataLossError(absl::StrCat(path, "/", file.name, " has ", bytes.size(), " bytes, not the ",
                                              file.bytes, " of its manifest"));
    }
    if (Sha256Hex(bytes) != file.sha256) {
      return absl::DataLossError(
          absl::StrCat(path, "/", file.name, " does not have the checksum of its manifest"));
    }
    files[file.name] = std::move(bytes);
  }
  for (const char* needed : {kModelFile, kOptimizerFile, kPositionFile}) {
    if (files.count(needed) == 0) {
      return absl::DataLossError(absl::StrCat(path, "/", kManifestFile, " does not list ", needed));
    }
  }
  return files;
}

absl::StatusOr<NamedTensors> Decode(const FilesByName& files, const std::string& path, const char* name) {
  SIMCLR_ASSIGN_OR_RETURN(SafetensorsFile file,
                          DecodeSafetensors(files.at(name), absl::StrCat(path, "/", name)));
  return std::move(file.tensors);
}

}  // namespace

absl::StatusOr<Checkpoint> ReadCheckpoint(const ArtifactStore& store, const std::string& path,
                                          const std::string& digest) {
  SIMCLR_ASSIGN_OR_RETURN(const std::string text, store.Open(absl::StrCat(path, "/", kManifestFile)));
  if (!digest.empty() && Sha256Hex(text) != digest) {
    return absl::DataLossError(
        absl::StrCat(path, "/", kManifestFile, " is not the one that was committed (its digest differs)"));
  }
  Checkpoint checkpoint;
  SIMCLR_ASSIGN_OR_RETURN(checkpoint.manifest, DecodeManifest(text));
  SIMCLR_ASSIGN_OR_RETURN(const FilesByName files, ReadVerified(store, path, checkpoint.manifest));
  SIMCLR_ASSIGN_OR_RETURN(checkpoint.position, DecodePosition(files.at(kPositionFile)));
  SIMCLR_ASSIGN_OR_RETURN(checkpoint.model, Decode(files, path, kModelFile));
  SIMCLR_ASSIGN_OR_RETURN(checkpoint.optimizer, Decode(files, path, kOptimizerFile));
  return checkpoint;
}

}  // namespace simclr::engine
