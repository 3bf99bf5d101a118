#include "engine/checkpoint/export.h"

#include <memory>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "engine/base/safetensors.h"
#include "engine/checkpoint/encoder_py.h"

namespace simclr::engine {
namespace {

// Portable values: float32 on the CPU; counters stay integers.
NamedTensors Portable(const NamedTensors& tensors) {
  NamedTensors result;
  for (const NamedTensor& entry : tensors) {
    const at::Tensor host = entry.tensor.detach().to(at::kCPU);
    result.push_back({entry.name, host.is_floating_point() ? host.to(at::kFloat) : host});
  }
  return result;
}

// Gives every norm an offset, so that readers need no special case for the last one, which has only a scale.
NamedTensors WithNormBiases(const NamedTensors& head) {
  std::set<std::string> names;
  for (const NamedTensor& entry : head) names.insert(entry.name);
  NamedTensors result;
  for (const NamedTensor& entry : head) {
    if (absl::EndsWith(entry.name, "num_batches_tracked")) continue;
    result.push_back(entry);
    if (!absl::EndsWith(entry.name, ".norm.weight")) continue;
    const std::string bias = absl::StrCat(absl::StripSuffix(entry.name, "weight"), "bias");
    if (names.count(bias) == 0) result.push_back({bias, at::zeros_like(entry.tensor)});
  }
  return result;
}

}  // namespace

absl::Status ExportEncoder(ArtifactStore& store, const std::string& name, const EncoderConfig& config,
                           const NamedTensors& encoder, const NamedTensors& head) {
  const std::map<std::string, std::string> metadata = {{"format", "pt"}};
  SIMCLR_ASSIGN_OR_RETURN(std::unique_ptr<ArtifactDraft> draft, store.Begin(name));
  SIMCLR_RETURN_IF_ERROR(draft->Put("model.safetensors", EncodeSafetensors({Portable(encoder), metadata})));
  if (!head.empty()) {
    SIMCLR_RETURN_IF_ERROR(
        draft->Put("head.safetensors", EncodeSafetensors({WithNormBiases(Portable(head)), metadata})));
  }
  SIMCLR_RETURN_IF_ERROR(draft->Put("config.json", EncodeEncoderConfig(config)));
  SIMCLR_RETURN_IF_ERROR(draft->Put("encoder.py", kEncoderPy));
  return draft->Commit();
}

}  // namespace simclr::engine
