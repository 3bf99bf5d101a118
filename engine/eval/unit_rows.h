#pragma once

#include "engine/base/torch.h"

namespace simclr::engine {

// The rows of a matrix at length one, in float64 on the CPU: what the collapse gauges look at. A row of zeros
// stays zero.
inline at::Tensor UnitRows(const at::Tensor& rows) {
  const at::Tensor wide = rows.detach().to(at::TensorOptions(at::kCPU).dtype(at::kDouble));
  return wide / at::linalg_vector_norm(wide, 2, at::IntArrayRef{1}, /*keepdim=*/true).clamp_min(1e-12);
}

}  // namespace simclr::engine
