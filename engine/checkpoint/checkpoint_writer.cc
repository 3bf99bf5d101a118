#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/crypto/sha256.h"
#include "engine/base/safetensors.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/checkpoint/checkpoint_files.h"

namespace simclr::engine {
namespace {

std::string EncodePosition(const Position& position) {
  const nlohmann::ordered_json json = {{"step", position.step},
                                       {"seed", position.seed},
                                       {"dataset_size", position.dataset_size},
                                       {"global_batch", position.global_batch}};
  return json.dump(2) + "\n";
}

// Puts files into a draft and remembers size and checksum of each.
class ManifestedDraft {
 public:
  ManifestedDraft(ArtifactDraft& draft, Manifest manifest) : draft_(draft), manifest_(std::move(manifest)) {
    manifest_.files.clear();
  }

  absl::Status Put(const std::string& name, const std::string& bytes) {
    manifest_.files.push_back({name, static_cast<std::int64_t>(bytes.size()), Sha256Hex(bytes)});
    total_bytes_ += static_cast<std::int64_t>(bytes.size());
    return draft_.Put(name, bytes);
  }

  // Writes the manifest itself; returns its digest.
  absl::StatusOr<std::string> PutManifest() {
    const std::string text = EncodeManifest(manifest_);
    total_bytes_ += static_cast<std::int64_t>(text.size());
    SIMCLR_RETURN_IF_ERROR(draft_.Put(kManifestFile, text));
    return Sha256Hex(text);
  }

  std::int64_t total_bytes() const { return total_bytes_; }

 private:
  ArtifactDraft& draft_;
  Manifest manifest_;
  std::int64_t total_bytes_ = 0;
};

}  // namespace

absl::StatusOr<WrittenCheckpoint> WriteCheckpoint(ArtifactStore& store, const std::string& job_directory,
                                                  const Checkpoint& checkpoint) {
  WrittenCheckpoint written;
  const Manifest& manifest = checkpoint.manifest;
  written.path = absl::StrCat(job_directory, "/checkpoints/", AttemptName(manifest.attempt, manifest.nonce),
                              "-s", manifest.step);
  SIMCLR_ASSIGN_OR_RETURN(std::unique_ptr<ArtifactDraft> artifact, store.Begin(written.path));
  ManifestedDraft draft(*artifact, checkpoint.manifest);
  SIMCLR_RETURN_IF_ERROR(draft.Put(kModelFile, EncodeSafetensors({checkpoint.model, {}})));
  SIMCLR_RETURN_IF_ERROR(draft.Put(kOptimizerFile, EncodeSafetensors({checkpoint.optimizer, {}})));
  SIMCLR_RETURN_IF_ERROR(draft.Put(kPositionFile, EncodePosition(checkpoint.position)));
  SIMCLR_ASSIGN_OR_RETURN(written.digest, draft.PutManifest());
  SIMCLR_RETURN_IF_ERROR(artifact->Commit());
  written.bytes = draft.total_bytes();
  return written;
}

}  // namespace simclr::engine
