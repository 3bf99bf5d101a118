#include <c10/util/Exception.h>

#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "engine/base/torch_status.h"
#include "engine/distributed/attempt_store_impl.h"
#include "engine/distributed/backend_factory.h"

namespace simclr::engine {
namespace {

using WorkPtr = c10::intrusive_ptr<c10d::Work>;

// Gloo reports a lost peer by an exception of its own; callers see one type, whatever the backend.
void WaitFor(const WorkPtr& work, const char* what, const c10d::Backend& backend) {
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
  PendingWork(WorkPtr work, BackendPtr backend) : work_(std::move(work)), backend_(std::move(backend)) {}
  void Wait() override { WaitFor(work_, "all-reduce", *backend_); }

 private:
  const WorkPtr work_;
  const BackendPtr backend_;
};

class C10dCollective final : public Collective {
 public:
  C10dCollective(BackendPtr backend, const at::Device& device)
      : backend_(std::move(backend)), device_(device) {}
  ~C10dCollective() override { backend_->shutdown(); }

  int rank() const override { return backend_->getRank(); }
  int world_size() const override { return backend_->getSize(); }

  void AllReduceSum(at::Tensor& tensor) override { StartAllReduceSum(tensor)->Wait(); }

  std::unique_ptr<PendingReduce> StartAllReduceSum(at::Tensor& tensor) override {
    return std::make_unique<PendingWork>(Reduce(tensor, c10d::ReduceOp::SUM), backend_);
  }

  void AllReduceMax(at::Tensor& tensor) override {
    WaitFor(Reduce(tensor, c10d::ReduceOp::MAX), "all-reduce", *backend_);
  }

  at::Tensor AllGather(const at::Tensor& tensor) override {
    std::vector<std::int64_t> sizes = tensor.sizes().vec();
    sizes.at(0) *= world_size();
    at::Tensor all = at::empty(sizes, tensor.options());
    at::Tensor own = tensor.detach().contiguous();
    if (all.numel() > 0) WaitFor(backend_->_allgather_base(all, own), "all-gather", *backend_);
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
    WaitFor(backend_->broadcast(tensors), "broadcast", *backend_);
  }

  const BackendPtr backend_;
  const at::Device device_;
};

// Blocks until all ranks stand at the door, so that a missing one is told by number and not by a time-out
// deep in the backend.
absl::Status AwaitRanks(const StorePtr& store, const std::string& name, int world_size,
                        absl::Duration timeout) {
  SIMCLR_RETURN_IF_ERROR(CatchTorch(absl::StrCat("entering group ", name), [&] {
    if (store->add("arrived", 1) == world_size) store->set("complete", std::vector<std::uint8_t>{1});
    return absl::OkStatus();
  }));
  const absl::Status met = CatchTorch(absl::StrCat("group ", name), [&] {
    store->wait({"complete"}, absl::ToChronoMilliseconds(timeout));
    return absl::OkStatus();
  });
  if (met.ok()) return met;
  std::int64_t arrived = 0;
  SIMCLR_RETURN_IF_ERROR(CatchTorch(absl::StrCat("group ", name, " lost its store"), [&] {
    arrived = store->add("arrived", 0);
    return absl::OkStatus();
  }));
  return absl::UnavailableError(absl::StrCat(arrived, " of ", world_size, " ranks came to group ", name,
                                             " within ", absl::FormatDuration(timeout)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Collective>> MakeCollective(AttemptStore& store, const std::string& name,
                                                           int rank, int world_size,
                                                           const RendezvousOptions& options) {
  if (world_size == 1) return MakeLocalCollective();
  const StorePtr keys =
      c10::make_intrusive<c10d::PrefixStore>(absl::StrCat(options.prefix, "/", name), store.impl_->store());
  SIMCLR_RETURN_IF_ERROR(AwaitRanks(keys, name, world_size, options.timeout));
  std::unique_ptr<Collective> collective;
  SIMCLR_RETURN_IF_ERROR(CatchTorch(absl::StrCat("connecting the ranks of group ", name), [&] {
    const auto make = options.device.is_cuda() ? MakeNcclBackend : MakeGlooBackend;
    collective = std::make_unique<C10dCollective>(make(keys, rank, world_size, options), options.device);
    return absl::OkStatus();
  }));
  return collective;
}

}  // namespace simclr::engine
