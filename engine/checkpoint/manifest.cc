#include "engine/checkpoint/manifest.h"

#include <exception>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace simclr::engine {

using Json = nlohmann::ordered_json;

std::string EncodeManifest(const Manifest& manifest) {
  Json files = Json::array();
  for (const ManifestFile& file : manifest.files) {
    files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  const Json json = {{"format_version", Manifest::kFormatVersion},
                     {"step", manifest.step},
                     {"attempt", manifest.attempt},
                     {"nonce", manifest.nonce},
                     {"spec_hash", manifest.spec_hash},
                     {"precision", manifest.precision},
                     {"instruction_set", manifest.instruction_set},
                     {"threads", manifest.threads},
                     {"world_size", manifest.world_size},
                     {"files", files}};
  return json.dump(2) + "\n";
}

absl::StatusOr<Manifest> DecodeManifest(absl::string_view text) {
  try {
    const Json json = Json::parse(text.begin(), text.end());
    const int version = json.at("format_version");
    if (version != Manifest::kFormatVersion) {
      return absl::FailedPreconditionError(absl::StrCat("manifest.json has format version ", version,
                                                        "; this build reads version ",
                                                        Manifest::kFormatVersion));
    }
    Manifest manifest;
    manifest.step = json.at("step");
    manifest.attempt = json.at("attempt");
    manifest.nonce = json.value("nonce", "");
    manifest.spec_hash = json.at("spec_hash");
    manifest.precision = json.at("precision");
    manifest.instruction_set = json.at("instruction_set");
    manifest.threads = json.at("threads");
    manifest.world_size = json.at("world_size");
    for (const Json& file : json.at("files")) {
      manifest.files.push_back({file.at("name"), file.at("bytes"), file.at("sha256")});
    }
    return manifest;
  } catch (const std::exception& error) {
    return absl::DataLossError(absl::StrCat("manifest.json is damaged: ", error.what()));
  }
}

}  // namespace simclr::engine
