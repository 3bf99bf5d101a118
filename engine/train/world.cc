#include "engine/train/world.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "engine/base/device.h"
#include "engine/train/end_class.h"

namespace simclr::engine {
namespace {

constexpr absl::Duration kJoinTimeout = absl::Minutes(2);

absl::StatusOr<std::unique_ptr<AttemptStore>> OpenStore(const RunOptions& options,
                                                        RunOptions::Meeting& meeting) {
  if (!options.publish_endpoint || !options.await_endpoint) {
    return absl::InvalidArgumentError(
        "a world of several ranks needs a way to exchange the store's endpoint");
  }
  std::unique_ptr<AttemptStore> store;
  if (options.rank == 0) {
    absl::StatusOr<std::unique_ptr<AttemptStore>> hosted = AttemptStore::Host(options.address);
    // An address that is not of this machine is no peer's fault.
    if (!hosted.ok()) return WithEndClass(EndClass::kConfigError, hosted.status());
    store = *std::move(hosted);
    options.publish_endpoint(store->endpoint());
  }
  SIMCLR_ASSIGN_OR_RETURN(meeting, options.await_endpoint());
  if (store == nullptr) {
    SIMCLR_ASSIGN_OR_RETURN(store, AttemptStore::Join(meeting.endpoint, kJoinTimeout));
  }
  return store;
}

}  // namespace

void World::Abandon() {
  if (main != nullptr) main->Abandon();
  if (norm != nullptr) norm->Abandon();
}

absl::StatusOr<World> Meet(const RunOptions& options, TrainObserver& observer) {
  World world;
  const absl::StatusOr<at::Device> device = OpenDevice(options.device);
  if (!device.ok()) return WithEndClass(EndClass::kConfigError, device.status());
  world.device = *device;
  if (options.world_size == 1) {
    world.main = MakeLocalCollective();
    world.norm = MakeLocalCollective();
    return world;
  }
  RunOptions::Meeting meeting;
  SIMCLR_ASSIGN_OR_RETURN(world.store, OpenStore(options, meeting));
  RendezvousOptions rendezvous;
  rendezvous.host = options.address;
  rendezvous.prefix = meeting.prefix;
  rendezvous.device = world.device;
  rendezvous.on_wait = [&observer](bool waiting) { observer.OnWait(waiting); };
  SIMCLR_ASSIGN_OR_RETURN(world.main,
                          MakeCollective(*world.store, "main", options.rank, options.world_size, rendezvous));
  SIMCLR_ASSIGN_OR_RETURN(world.norm,
                          MakeCollective(*world.store, "norm", options.rank, options.world_size, rendezvous));
  return world;
}

absl::Status CheckAgreement(World& world, const std::string& statement) {
  const std::string expected = world.main->Broadcast(statement);
  at::Tensor differs = at::full({1}, expected == statement ? 0.0 : 1.0, at::kDouble).to(world.device);
  world.main->AllReduceMax(differs);
  if (differs.item<double>() == 0) return absl::OkStatus();
  return Failure(EndClass::kConfigError,
                 absl::StrCat("the ranks do not agree: rank 0 has {", expected, "}, rank ", world.rank(),
                              " has {", statement, "}; run the same build and job on all of them"));
}

}  // namespace simclr::engine
