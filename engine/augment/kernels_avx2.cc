#include "engine/augment/kernel_loops.h"

namespace simclr::engine {

const Kernels<float>& Avx2Kernels() {
  return kLoops<float>;
}

}  // namespace simclr::engine
