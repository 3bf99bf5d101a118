#include "engine/distributed/gradient_averager.h"

#include <torch/csrc/autograd/function_hook.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace simclr::engine {
namespace {

struct Bucket {
  std::vector<at::Tensor> parameters;
  at::Tensor flat;
  std::size_t missing = 0;  // gradients that backward has not finished
  std::unique_ptr<PendingReduce> pending;
};

std::int64_t Bytes(const at::Tensor& tensor) {
  return tensor.numel() * static_cast<std::int64_t>(tensor.element_size());
}

// Backward finishes the last layer first, so the buckets are filled from the end.
std::vector<Bucket> AssignBuckets(const NamedTensors& parameters, const GradientAveragerOptions& options) {
  std::vector<Bucket> buckets;
  std::int64_t room = 0;
  for (auto parameter = parameters.rbegin(); parameter != parameters.rend(); ++parameter) {
    const at::Tensor& tensor = parameter->tensor;
    const bool fits = !buckets.empty() && Bytes(tensor) <= room &&
                      tensor.scalar_type() == buckets.back().parameters.back().scalar_type();
    if (!fits) {
      room = buckets.empty() ? options.first_bucket_bytes : options.bucket_bytes;
      buckets.emplace_back();
    }
    buckets.back().parameters.push_back(tensor);
    room -= Bytes(tensor);
  }
  return buckets;
}

// Gives every parameter of the bucket a gradient that is a view into one flat tensor and has the parameter's
// strides, so that autograd adds in place and channels-last weights keep their layout.
void LayOut(Bucket& bucket) {
  std::int64_t elements = 0;
  for (const at::Tensor& parameter : bucket.parameters) elements += parameter.numel();
  bucket.flat = at::zeros({elements}, bucket.parameters.front().options().requires_grad(false));
  std::int64_t offset = 0;
  for (const at::Tensor& parameter : bucket.parameters) {
    TORCH_CHECK(parameter.is_non_overlapping_and_dense(), "parameters must be dense");
    parameter.mutable_grad() = bucket.flat.as_strided(parameter.sizes(), parameter.strides(), offset);
    offset += parameter.numel();
  }
}

}  // namespace

class GradientAverager::Impl {
 public:
  Impl(const NamedTensors& parameters, Collective& collective, const GradientAveragerOptions& options)
      : collective_(collective), buckets_(AssignBuckets(parameters, options)) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      LayOut(buckets_[i]);
      for (const at::Tensor& parameter : buckets_[i].parameters) {
        torch::autograd::impl::set_post_acc_grad_hooks(parameter, std::make_unique<CountDown>(*this, i));
      }
    }
  }

  ~Impl() {
    for (const Bucket& bucket : buckets_) {
      for (const at::Tensor& parameter : bucket.parameters) {
        torch::autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
      }
    }
  }

  void Begin() {
    for (Bucket& bucket : buckets_) {
      bucket.flat.zero_();
      bucket.missing = bucket.parameters.size();
      bucket.pending.reset();
    }
    launched_ = 0;
    trace_ = Trace();
    sequence_ = 0;
  }

  void Finish() {
    const at::NoGradGuard no_grad;
    // Buckets with a parameter that the loss does not depend on: their gradient there is zero.
    while (launched_ < buckets_.size()) LaunchNext();
    for (Bucket& bucket : buckets_) bucket.pending->Wait();
    if (collective_.world_size() > 1) {
      for (Bucket& bucket : buckets_) bucket.flat.div_(collective_.world_size());
    }
  }

  const Trace& trace() const { return trace_; }

 private:
  class CountDown final : public torch::autograd::PostAccumulateGradHook {
   public:
    CountDown(Impl& averager, std::size_t bucket) : averager_(averager), bucket_(bucket) {}
    void operator()(const at::Tensor& parameter) override { averager_.OnGradient(bucket_); }

   private:
    Impl& averager_;
    const std::size_t bucket_;
  };

  void OnGradient(std::size_t index) {
    trace_.last_hook_at = ++sequence_;
    --buckets_[index].missing;
    // In the order of the buckets, never of completion: all ranks must reduce the same one next.
    while (launched_ < buckets_.size() && buckets_[launched_].missing == 0) LaunchNext();
  }

  void LaunchNext() {
    trace_.launched_at.push_back(++sequence_);
    Bucket& bucket = buckets_[launched_++];
    bucket.pending = collective_.StartAllReduceSum(bucket.flat);
  }

  Collective& collective_;
  std::vector<Bucket> buckets_;
  std::size_t launched_ = 0;
  Trace trace_;
  int sequence_ = 0;
};

GradientAverager::GradientAverager(const NamedTensors& parameters, Collective& collective,
                                   const GradientAveragerOptions& options)
    : impl_(std::make_unique<Impl>(parameters, collective, options)) {}
GradientAverager::~GradientAverager() = default;

void GradientAverager::Begin() {
  impl_->Begin();
}
void GradientAverager::Finish() {
  impl_->Finish();
}
const GradientAverager::Trace& GradientAverager::trace() const {
  return impl_->trace();
}

}  // namespace simclr::engine
