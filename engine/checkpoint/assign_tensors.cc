#include "engine/checkpoint/assign_tensors.h"

#include <string>
#include <unordered_map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace simclr::engine {
namespace {

std::string Shape(const at::Tensor& tensor) {
  return absl::StrCat("(", absl::StrJoin(tensor.sizes(), ", "), ")");
}

}  // namespace

absl::Status AssignTensors(const NamedTensors& source, const NamedTensors& target, absl::string_view what) {
  std::unordered_map<std::string, at::Tensor> by_name;
  for (const NamedTensor& entry : source) by_name[entry.name] = entry.tensor;
  for (const NamedTensor& entry : target) {
    const auto found = by_name.find(entry.name);
    if (found == by_name.end()) {
      if (absl::EndsWith(entry.name, "num_batches_tracked")) continue;
      return absl::InvalidArgumentError(absl::StrCat(what, " has no tensor '", entry.name, "' of shape ",
                                                     Shape(entry.tensor), "; it belongs to another model"));
    }
    if (found->second.sizes() != entry.tensor.sizes()) {
      return absl::InvalidArgumentError(absl::StrCat("'", entry.name, "' of ", what, " has shape ",
                                                     Shape(found->second), ", the model needs ",
                                                     Shape(entry.tensor)));
    }
  }
  const at::NoGradGuard no_grad;
  for (const NamedTensor& entry : target) {
    const auto found = by_name.find(entry.name);
    if (found != by_name.end()) at::Tensor(entry.tensor).copy_(found->second);
  }
  return absl::OkStatus();
}

}  // namespace simclr::engine
