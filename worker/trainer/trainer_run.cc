#include "worker/trainer/trainer_run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/logging.h"
#include "worker/trainer/build.h"
#include "worker/trainer/convert_config.h"
#include "worker/trainer/order_inbox.h"
#include "worker/trainer/run_end.h"

namespace simclr::trainer {
namespace {

constexpr absl::Duration kEndTimeout = absl::Seconds(10);

// How a run ends that never began.
engine::RunEnd NotStarted(const absl::Status& status) {
  engine::RunEnd end;
  end.end = engine::EndClass::kPeerLost;
  if (absl::IsCancelled(status)) end.end = engine::EndClass::kDrained;
  // Odd orders come from this node: another one may do better, and somebody should look.
  if (absl::IsInvalidArgument(status)) end.end = engine::EndClass::kCrash;
  end.message = std::string(status.message());
  return end;
}

engine::RunEnd RunRank(OrderInbox& inbox, Reporter& reporter) {
  const absl::StatusOr<v1::TrainerStart> start = inbox.AwaitStart();
  if (!start.ok()) return NotStarted(start.status());
  if (start->rank().spec().kind() == v1::JOB_KIND_PRETRAIN) {
    reporter.SetImagesPerStep(start->rank().spec().train().global_batch() /
                              std::max(start->rank().world_size(), 1));
  }
  engine::RunOptions options = ToRunOptions(*start);
  options.publish_endpoint = [&reporter](const std::string& endpoint) { reporter.StoreEndpoint(endpoint); };
  absl::Status never_met;
  options.await_endpoint = [&]() -> absl::StatusOr<engine::RunOptions::Meeting> {
    absl::StatusOr<v1::TrainerRun> run = inbox.AwaitRun();
    if (!run.ok()) return never_met = run.status();
    return engine::RunOptions::Meeting{run->store_endpoint(), run->prefix()};
  };
  engine::RunEnd end = engine::Run(ToJobConfig(*start), options, reporter);
  return never_met.ok() ? end : NotStarted(never_met);
}

}  // namespace

engine::RunOptions ToRunOptions(const v1::TrainerStart& start) {
  const v1::DesiredRank& rank = start.rank();
  engine::RunOptions options;
  options.artifact_root = start.artifact_root();
  options.job_directory = rank.job_id();
  options.after_directory = rank.spec().after();
  options.attempt = rank.attempt();
  options.nonce = rank.nonce();
  options.rank = rank.rank();
  options.world_size = rank.world_size();
  options.device = start.device() == v1::DEVICE_CUDA ? engine::DeviceKind::kCuda : engine::DeviceKind::kCpu;
  options.threads = std::max(start.threads(), 1);
  if (!start.address().empty()) options.address = start.address();
  options.spec_hash = rank.spec_hash();
  options.precision = rank.precision();
  for (const v1::Checkpoint& checkpoint : rank.resume()) {
    options.resume.push_back({checkpoint.path(), checkpoint.step(), checkpoint.digest()});
  }
  options.data_roots.assign(start.data_roots().begin(), start.data_roots().end());
  return options;
}

engine::JobConfig ToJobConfig(const v1::TrainerStart& start) {
  engine::JobConfig config = ToJobConfig(start.rank().spec());
  if (config.data.cache_bytes == 0) config.data.cache_bytes = start.cache_bytes();
  return config;
}

engine::RunEnd RunForAgent(const RankIdentity& identity, AgentLink& link) {
  OrderInbox inbox(link);
  engine::RunEnd end;
  {
    Reporter reporter(identity, link, inbox);
    reporter.Hello(Build());
    end = RunRank(inbox, reporter);
    if (!reporter.End(ToTrainerEnd(end), kEndTimeout)) {
      LogWarning("the agent did not take the last report", {{"job", identity.job_id}});
      link.Abandon();
    }
  }
  link.Close();
  if (!inbox.AwaitEnd(kEndTimeout)) link.Abandon();
  return end;
}

}  // namespace simclr::trainer
