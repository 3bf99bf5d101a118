#include <cstdint>
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
#include "engine/distributed/c10d_collective.h"

namespace simclr::engine {
namespace {

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
    collective = MakeC10dCollective(make(keys, rank, world_size, options), options.device, options.on_wait);
    return absl::OkStatus();
  }));
  return collective;
}

}  // namespace simclr::engine
