#include "tests/simulation/model_outbox.h"

#include <string>
#include <utility>
#include <vector>

namespace simclr::simulation {
namespace {

constexpr char kSpool[] = "spool";
constexpr int kCallsARound = 20;

}  // namespace

void ModelOutbox::Start() {
  SpoilDisk();
  agent::FilesOptions options;
  options.spool = kSpool;
  files_ = std::make_unique<agent::Files>(options, disk_, world_.clock);
  agent::CoordinatorClient& coordinator = *this;
  outbox_ = std::make_unique<agent::Outbox>(agent::OutboxOptions(), *files_, coordinator, world_.clock,
                                            agent::SpoolDirectory(disk_, kSpool).Load().value(),
                                            world_.dice.Bits());
}

// A piece of a write that was under way, or what a bad disk makes of one.
void ModelOutbox::SpoilDisk() {
  if (!world_.dice.Chance(0.2)) return;
  const std::vector<std::string> names = disk_.List(kSpool).value();
  if (names.empty()) return;
  world_.tally.Count(Fault::kSpoolTorn);
  disk_.files[JoinPath(kSpool, names.front())] += "\x0f torn";
}

void ModelOutbox::Stop() {
  outbox_.reset();
  files_.reset();
}

void ModelOutbox::Add(agent::Report report) {
  if (const auto* exit = std::get_if<v1::ReportExitRequest>(&report)) newest_exit_ = *exit;
  if (const auto* commit = std::get_if<v1::CommitCheckpointRequest>(&report)) newest_commit_ = *commit;
  outbox_->Add(std::move(report));
}

void ModelOutbox::Run() {
  const absl::Duration now = world_.clock.Monotonic();
  if (world_.dice.Chance(0.002)) {
    world_.tally.Count(Fault::kSpoolFull);
    full_until_ = now + absl::Seconds(world_.dice.Between(5, 60));
  }
  disk_.full = now < full_until_;
  for (int call = 0; call < kCallsARound && outbox_->RunOnce(now) <= now; ++call) {
  }
  // A kill may come between an item's delivery and its removal.
  for (int work = world_.dice.Between(0, 2 * kCallsARound); work > 0 && files_->RunOnce(now) <= now; --work) {
  }
}

absl::Status ModelOutbox::Call(const std::function<std::optional<absl::Status>()>& hand_in) {
  if (!world_.network.Passes(host_, Direction::kUp)) return absl::DeadlineExceededError("the call is lost");
  world_.network.MayRepeat(host_, Direction::kUp, [hand_in] { hand_in(); });
  const std::optional<absl::Status> answer = hand_in();
  if (!answer.has_value()) return absl::UnavailableError("the coordinator is away");
  if (!world_.network.Passes(host_, Direction::kDown))
    return absl::DeadlineExceededError("the answer is lost");
  return *answer;
}

absl::Status ModelOutbox::ReportExit(const v1::ReportExitRequest& request) {
  return Call([this, request] {
    const auto answer = world_.server.ReportExit(request);
    if (answer.has_value() && answer->ok()) world_.checks.OnExitAcknowledged(request);
    return answer;
  });
}

absl::Status ModelOutbox::CommitCheckpoint(const v1::CommitCheckpointRequest& request) {
  return Call([this, request] {
    const auto answer = world_.server.Commit(request);
    if (answer.has_value() && answer->ok()) world_.checks.OnCommitAcknowledged(request);
    return answer;
  });
}

absl::Status ModelOutbox::PushMetrics(const v1::PushMetricsRequest& request) {
  return Call([this, request] {
    const auto answer = world_.server.PushMetrics(request);
    if (answer.has_value() && answer->ok()) world_.checks.OnMetricsAcknowledged(request);
    return answer;
  });
}

absl::Status ModelOutbox::LogArchived(const v1::LogArchivedRequest& request) {
  return Call([this, request] { return world_.server.LogArchived(request); });
}

}  // namespace simclr::simulation
