#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/torch.h"

namespace simclr::oracle {

// How far a result is from its reference, in units of what its tolerance class allows: up to 1 is fine.
struct Deviation {
  double ratio = 0;
  std::string where;  // the worst entry: index, value, reference
};

// The rules of the manifests ("tensor", "element", "summary", one `rel` a step). `limit` is the class's entry
// of one precision, {"abs": a, "rel": r or [r, ...]}. `sizes`: for "summary", the number of elements of each
// row's tensor. INVALID_ARGUMENT where the shapes differ.
absl::StatusOr<Deviation> Measure(const at::Tensor& actual, const at::Tensor& reference,
                                  const nlohmann::json& limit, const std::string& rule,
                                  const std::vector<std::int64_t>& sizes);

}  // namespace simclr::oracle
