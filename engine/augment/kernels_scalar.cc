#include "engine/augment/kernel_loops.h"

namespace simclr::engine {

const Kernels<float>& ScalarKernels() {
  return kLoops<float>;
}
const Kernels<double>& ScalarKernelsDouble() {
  return kLoops<double>;
}

}  // namespace simclr::engine
