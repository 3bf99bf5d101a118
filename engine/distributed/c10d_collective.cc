#include "engine/distributed/c10d_collective.h"

#include <c10/util/Exception.h>

#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/logging.h"
#include "engine/base/torch_status.h"

namespace simclr::engine {
namespace {

using WorkPtr = c10::intrusive_ptr<c10d::Work>;

// Sums up how long the callers block, and tells it while they do.
class WaitMeter {
 public:
  explicit WaitMeter(std::function<void(bool)> on_wait) : on_wait_(std::move(on_wait)) {}

  void Begin() {
    if (on_wait_) on_wait_(true);
    begin_ = RealClock().Monotonic();
  }
  void End() {
    waited_ += RealClock().Monotonic() - begin_;
    if (on_wait_) on_wait_(false);
  }
  absl::Duration waited() const { return waited_; }

 private:
  const std::function<void(bool)> on_wait_;
  absl::Duration begin_, waited_;
};

// Gloo reports a lost peer by an exception of its own; callers see one type, whatever the backend.
void WaitFor(const WorkPtr& work, const char* what, const c10d::Backend& backend, WaitMeter& meter) {
  meter.Begin();
  const absl::Cleanup end = [&meter] { meter.End(); };
  try {
    work->wait();
  } catch (const std::exception& error) {
    const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
    C10_THROW_ERROR(DistBackendError,
                    absl::StrCat(what, " failed on rank ", backend.getRank(), " of ", backend.getSize(), ": ",
                                 torch_error ? torch_error->what_without_backtrace() : error.what()));
  }
}

class PendingWork final : public PendingReduce {
 public:
  PendingWork(WorkPtr work, BackendPtr backend, std::shared_ptr<WaitMeter> meter)
      : work_(std::move(work)), backend_(std::move(backend)), meter_(std::move(meter)) {}
  void Wait() override { WaitFor(work_, "all-reduce", *backend_, *meter_); }

 private:
  const WorkPtr work_;
  const BackendPtr backend_;
  const std::shared_ptr<WaitMeter> meter_;  // shared: may be waited for when the group is gone
};

class C10dCollective final : public Collective {
 public:
  C10dCollective(BackendPtr backend, const at::Device& device, std::function<void(bool)> on_wait)
      : backend_(std::move(backend)),
        device_(device),
        meter_(std::make_shared<WaitMeter>(std::move(on_wait))) {}
  ~C10dCollective() override {
    const absl::Status left = CatchTorch("leaving a group", [this] {
      abandoned_ ? backend_->abort() : backend_->shutdown();
      return absl::OkStatus();
    });
    if (!left.ok()) LogWarning(std::string(left.message()));
  }

  int rank() const override { return backend_->getRank(); }
  int world_size() const override { return backend_->getSize(); }

  void AllReduceSum(at::Tensor& tensor) override { StartAllReduceSum(tensor)->Wait(); }

  std::unique_ptr<PendingReduce> StartAllReduceSum(at::Tensor& tensor) override {
    return std::make_unique<PendingWork>(Reduce(tensor, c10d::ReduceOp::SUM), backend_, meter_);
  }

  void AllReduceMax(at::Tensor& tensor) override {
    WaitFor(Reduce(tensor, c10d::ReduceOp::MAX), "all-reduce", *backend_, *meter_);
  }

  at::Tensor AllGather(const at::Tensor& tensor) override {
    std::vector<std::int64_t> sizes = tensor.sizes().vec();
    sizes.at(0) *= world_size();
    at::Tensor all = at::empty(sizes, tensor.options());
    at::Tensor own = tensor.detach().contiguous();
    if (all.numel() > 0) WaitFor(backend_->_allgather_base(all, own), "all-gather", *backend_, *meter_);
    return all;
  }

  std::string Broadcast(const std::string& bytes) override {
    at::Tensor length = at::full({1}, static_cast<std::int64_t>(bytes.size()), at::kLong).to(device_);
    BroadcastTensor(length);
    at::Tensor data = at::zeros({length.item<std::int64_t>()}, at::kByte);
    if (rank() == 0) std::memcpy(data.data_ptr(), bytes.data(), bytes.size());
    data = data.to(device_);
    if (data.numel() > 0) BroadcastTensor(data);
    data = data.cpu();
    return std::string(data.const_data_ptr<std::uint8_t>(),
                       data.const_data_ptr<std::uint8_t>() + data.numel());
  }

  void Barrier() override {
    at::Tensor token = at::zeros({1}, at::TensorOptions(device_));
    AllReduceSum(token);
    token.item<float>();  // on CUDA, a reduction that was waited for is only queued
  }

  absl::Duration waited() const override { return meter_->waited(); }
  void Abandon() override { abandoned_ = true; }

 private:
  WorkPtr Reduce(at::Tensor& tensor, c10d::ReduceOp::RedOpType op) {
    TORCH_CHECK(tensor.is_contiguous(), "all-reduce needs a contiguous tensor");
    c10d::AllreduceOptions options;
    options.reduceOp = op;
    std::vector<at::Tensor> tensors = {tensor};
    return backend_->allreduce(tensors, options);
  }

  void BroadcastTensor(at::Tensor& tensor) {
    std::vector<at::Tensor> tensors = {tensor};
    WaitFor(backend_->broadcast(tensors), "broadcast", *backend_, *meter_);
  }

  const BackendPtr backend_;
  const at::Device device_;
  const std::shared_ptr<WaitMeter> meter_;
  bool abandoned_ = false;
};

}  // namespace

std::unique_ptr<Collective> MakeC10dCollective(BackendPtr backend, const at::Device& device,
                                               std::function<void(bool)> on_wait) {
  return std::make_unique<C10dCollective>(std::move(backend), device, std::move(on_wait));
}

}  // namespace simclr::engine
