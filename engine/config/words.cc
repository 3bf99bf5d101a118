#include "engine/config/describe_config.h"

#include <cstddef>

namespace simclr::engine {
namespace {

// The words of an enum in the order of its values.
template <std::size_t n, typename Enum>
const char* Pick(const char* const (&words)[n], Enum value) {
  return words[static_cast<std::size_t>(value)];
}

}  // namespace

const char* Word(JobKind kind) {
  return Pick({"pretrain", "linear-eval"}, kind);
}
const char* Word(Interpolation interpolation) {
  return Pick({"bilinear", "bicubic"}, interpolation);
}
const char* Word(NormKind kind) {
  return Pick({"global-bn", "local-bn", "layer-norm", "none"}, kind);
}
const char* Word(Stem stem) {
  return Pick({"imagenet", "cifar"}, stem);
}
const char* Word(HeadKind kind) {
  return Pick({"mlp", "linear", "none"}, kind);
}
const char* Word(OptimizerKind kind) {
  return Pick({"lars", "sgd"}, kind);
}
const char* Word(LrScaling scaling) {
  return Pick({"linear", "sqrt", "none"}, scaling);
}
const char* Word(LrScheduleKind kind) {
  return Pick({"cosine", "constant"}, kind);
}
const char* Word(PrecisionChoice choice) {
  return Pick({"auto", "fp32", "bf16", "fp64"}, choice);
}
const char* Word(LinearEvalMode mode) {
  return Pick({"cached", "augmented"}, mode);
}

}  // namespace simclr::engine
