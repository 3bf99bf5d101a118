#include "engine/distributed/gather.h"

#include <cstdint>

#include "engine/base/torch_autograd.h"

namespace simclr::engine {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Gather : torch::autograd::Function<Gather> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& local, Collective* collective) {
    context->saved_data["collective"] = reinterpret_cast<std::int64_t>(collective);
    return collective->AllGather(local);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    auto* collective = reinterpret_cast<Collective*>(context->saved_data["collective"].toInt());
    // A copy: autograd may share the incoming gradient with other branches.
    at::Tensor sum = gradients[0].clone(at::MemoryFormat::Contiguous);
    collective->AllReduceSum(sum);
    const std::int64_t rows = sum.size(0) / collective->world_size();
    return {sum.narrow(0, collective->rank() * rows, rows), at::Tensor()};
  }
};

}  // namespace

at::Tensor GatherWithGrad(const at::Tensor& local, Collective& collective) {
  if (collective.world_size() == 1) return local;
  return Gather::apply(local, &collective);
}

}  // namespace simclr::engine
