#include "coordinator/collect/found_checkpoint.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/crypto/sha256.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr int kFormatVersion = 1;
constexpr std::size_t kMaxManifestBytes = 1 << 20;

absl::Status Unsound(const std::string& path, absl::string_view what) {
  return absl::DataLossError(absl::StrCat(Printable(path), " ", what));
}

absl::Status CheckFiles(const ArtifactTree& tree, const std::string& path,
                        const CheckpointManifest& manifest) {
  for (const CheckpointManifest::File& file : manifest.files) {
    if (file.name.find('/') != std::string::npos) return Unsound(path, "names a file that is not its own");
    const absl::StatusOr<std::int64_t> size = tree.Size(absl::StrCat(path, "/", file.name));
    if (!size.ok()) return Unsound(path, absl::StrCat("lacks ", Printable(file.name)));
    if (*size != file.bytes) {
      return Unsound(path,
                     absl::StrCat("has ", *size, " bytes of ", Printable(file.name), ", not ", file.bytes));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CheckpointManifest> ParseCheckpointManifest(absl::string_view json) {
  try {
    const auto parsed = nlohmann::json::parse(json.begin(), json.end());
    if (parsed.at("format_version") != kFormatVersion) {
      return absl::DataLossError("manifest.json has a format that this version does not know");
    }
    CheckpointManifest manifest;
    manifest.step = parsed.at("step").get<std::int64_t>();
    manifest.attempt = parsed.at("attempt").get<int>();
    manifest.nonce = parsed.value("nonce", "");
    manifest.spec_hash = parsed.at("spec_hash").get<std::string>();
    for (const auto& file : parsed.at("files")) {
      manifest.files.push_back({file.at("name").get<std::string>(), file.at("bytes").get<std::int64_t>()});
    }
    return manifest;
  } catch (const nlohmann::json::exception& error) {
    return absl::DataLossError(absl::StrCat("manifest.json cannot be read: ", error.what()));
  }
}

absl::StatusOr<v1::Checkpoint> VerifyCheckpoint(const ArtifactTree& tree, const v1::JobRecord& record,
                                                const std::string& name) {
  const std::string path = absl::StrCat(record.job().id(), "/checkpoints/", name);
  const std::optional<CheckpointName> parsed = ParseCheckpointName(name);
  if (!parsed.has_value() || parsed->partial) return Unsound(path, "is no finished checkpoint");
  const absl::StatusOr<std::string> text = tree.Read(absl::StrCat(path, "/manifest.json"), kMaxManifestBytes);
  if (!text.ok()) return Unsound(path, "has no manifest.json");
  const absl::StatusOr<CheckpointManifest> manifest = ParseCheckpointManifest(*text);
  if (!manifest.ok()) return Unsound(path, absl::StrCat("is damaged: ", manifest.status().message()));
  const bool as_named =
      manifest->step == parsed->step && manifest->attempt == parsed->attempt &&
      AttemptName(manifest->attempt, manifest->nonce) == AttemptName(parsed->attempt, parsed->nonce);
  if (!as_named) return Unsound(path, "is called other than its manifest.json says");
  if (manifest->spec_hash != record.spec_hash()) return Unsound(path, "is of another job");
  SIMCLR_RETURN_IF_ERROR(CheckFiles(tree, path, *manifest));
  v1::Checkpoint checkpoint;
  checkpoint.set_job_id(record.job().id());
  checkpoint.set_attempt(manifest->attempt);
  checkpoint.set_step(manifest->step);
  checkpoint.set_nonce(manifest->nonce);
  checkpoint.set_path(path);
  checkpoint.set_digest(Sha256Hex(*text));
  std::int64_t bytes = static_cast<std::int64_t>(text->size());
  for (const CheckpointManifest::File& file : manifest->files) bytes += file.bytes;
  checkpoint.set_bytes(bytes);
  return checkpoint;
}

std::vector<v1::Checkpoint> WorthAdopting(const v1::JobRecord& record, std::vector<v1::Checkpoint> found) {
  const std::vector<v1::Checkpoint> usable = UsableCheckpoints(record);
  const std::int64_t newest = usable.empty() ? -1 : usable[0].step();
  const auto order = [](const v1::Checkpoint& checkpoint) {
    return std::make_tuple(checkpoint.step(), checkpoint.attempt(), checkpoint.nonce());
  };
  std::sort(found.begin(), found.end(),
            [&order](const v1::Checkpoint& a, const v1::Checkpoint& b) { return order(a) < order(b); });
  std::vector<v1::Checkpoint> worth;
  for (v1::Checkpoint& checkpoint : found) {
    if (checkpoint.step() <= newest) continue;
    if (!worth.empty() && worth.back().step() == checkpoint.step()) worth.pop_back();  // the later attempt's
    worth.push_back(std::move(checkpoint));
  }
  const auto keep = static_cast<std::size_t>(std::max(1, record.job().spec().checkpoint().keep()));
  if (worth.size() > keep) worth.erase(worth.begin(), worth.end() - static_cast<std::ptrdiff_t>(keep));
  return worth;
}

}  // namespace simclr::coordinator
