// Control: how trainers begin and end.
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log_name.h"
#include "common/base/logging.h"
#include "common/job/enum_word.h"
#include "worker/agent/control/control.h"

namespace simclr::agent {
namespace {

constexpr absl::Duration kLookAtLeftovers = absl::Seconds(1);

bool IsCheckpoint(v1::Activity activity) {
  return activity == v1::ACTIVITY_CHECKPOINT || activity == v1::ACTIVITY_SAVING;
}

}  // namespace

absl::Status Control::StartRank(const v1::DesiredRank& wanted) {
  const std::vector<v1::Slot> slots = SlotsNow();
  const auto index = static_cast<std::size_t>(wanted.slot());
  if (index >= slots.size()) {
    return absl::FailedPreconditionError(
        absl::StrCat("worker ", options_.worker, " has ", slots.size(), " slots, no slot ", wanted.slot()));
  }
  const v1::Slot& slot = slots[index];
  if (!slot.usable()) {
    return absl::FailedPreconditionError(
        absl::StrCat("slot ", index, " is not usable: ", slot.unusable_reason()));
  }
  const RankKey key = KeyOf(wanted);
  if (!parts_.launcher.Launch({key, slot, options_.threads_per_slot, DirectoryOf(key)})) {
    return absl::ResourceExhaustedError(
        "too many trainers wait for their start; is the disk of the trainer's "
        "program in reach?");
  }
  launching_[key] = {wanted, slot, {}, false};
  return absl::OkStatus();
}

v1::TrainerStart Control::StartOf(const Launching& launching) const {
  v1::TrainerStart start;
  *start.mutable_rank() = launching.wanted;
  start.set_artifact_root(options_.artifact_root);
  start.set_device(launching.slot.device());
  start.set_threads(options_.threads_per_slot);
  start.set_address(options_.address);
  start.set_cache_bytes(options_.cache_bytes);
  for (const std::string& root : options_.data_roots) start.add_data_roots(root);
  return start;
}

void Control::OnLaunched(Launched launched) {
  const auto found = launching_.find(launched.key);
  if (found == launching_.end()) return;
  const Launching launching = std::move(found->second);
  launching_.erase(found);
  if (!launched.process.ok()) {
    parts_.files.RemoveDirectory(DirectoryOf(launched.key));
    return RefuseRank(launching.wanted, launched.process.status());
  }
  const RankKey& key = launched.key;
  const absl::Duration now = parts_.clock.Monotonic();
  LogInfo("trainer started", {{"job", key.job_id},
                              {"attempt", absl::StrCat(key.attempt)},
                              {"rank", absl::StrCat(key.rank)},
                              {"pid", absl::StrCat((*launched.process)->pid())}});
  SupervisedRank& rank =
      ranks_
          .try_emplace(key, options_.ranks, StartOf(launching), *std::move(launched.process),
                       JoinPath(DirectoryOf(key), kLogName), std::move(launched.memory), parts_.link, now)
          .first->second;
  figures_.OnStart(launching.wanted);
  changed_ = true;
  for (const v1::TrainerReport& report : launching.reports) OnTrainerReport(key, report);
  if (launching.detached) rank.OnDetached();
  if (leaving_) rank.Drain(options_.own_drain_grace, now);
  ReconcileAll(now);
}

void Control::RefuseRank(const v1::DesiredRank& wanted, const absl::Status& cause) {
  LogError("trainer cannot be started", {{"job", wanted.job_id()}, {"cause", cause.ToString()}});
  v1::ReportExitRequest exit;
  exit.set_job_id(wanted.job_id());
  exit.set_attempt(wanted.attempt());
  exit.set_rank(wanted.rank());
  exit.set_nonce(wanted.nonce());
  // Of this node rather than of the job: another node may be able to.
  exit.set_failure(absl::IsResourceExhausted(cause) ? v1::FAILURE_CLASS_RESOURCE
                                                    : v1::FAILURE_CLASS_HARDWARE);
  exit.set_exit_code(-1);
  exit.set_message(std::string(cause.message()));
  reports_.AddExit(std::move(exit));
  ended_.insert(KeyOf(wanted));
}

void Control::CollectEnded(absl::Duration now) {
  for (auto entry = ranks_.begin(); entry != ranks_.end();) {
    const std::optional<ProcessExit> exit = entry->second.Ended(now);
    if (!exit.has_value() || !IsExplained(entry->second, *exit, now)) {
      ++entry;
      continue;
    }
    ReportEnd(entry->second, *exit, now);
    ended_.insert(entry->first);
    endings_.erase(entry->first);
    entry = ranks_.erase(entry);
    changed_ = true;
  }
}

bool Control::IsExplained(const SupervisedRank& rank, const ProcessExit& exit, absl::Duration now) {
  if (rank.Explains(exit)) return true;
  const RankKey& key = rank.key();
  const auto [ending, asked] = endings_.try_emplace(key, Ending{now, std::nullopt});
  if (asked) {
    parts_.files.Explain({exit, rank.log_path(), rank.memory_before()}, [this, key](const std::string& how) {
      Post([this, key, how] { OnExplained(key, how); });
    });
  }
  return ending->second.how.has_value() || now - ending->second.asked_at >= options_.explain_limit;
}

void Control::OnExplained(const RankKey& key, std::string how_it_ended) {
  if (const auto ending = endings_.find(key); ending != endings_.end())
    ending->second.how = std::move(how_it_ended);
}

void Control::ReportEnd(SupervisedRank& rank, const ProcessExit& exit, absl::Duration now) {
  const RankKey& key = rank.key();
  const auto ending = endings_.find(key);
  v1::ReportExitRequest report =
      rank.DescribeExit(exit, ending == endings_.end() ? std::nullopt : ending->second.how);
  LogInfo("trainer ended", {{"job", key.job_id},
                            {"attempt", absl::StrCat(key.attempt)},
                            {"rank", absl::StrCat(key.rank)},
                            {"class", EnumWord(report.failure())},
                            {"code", absl::StrCat(exit.code)},
                            {"signal", absl::StrCat(exit.signal)},
                            {"step", absl::StrCat(report.step())}});
  figures_.OnExit(report, IsCheckpoint(rank.activity()), now);
  reports_.AddExit(std::move(report));
  // The end is told before the log is where it will be read: shared storage may take its time.
  ArchiveLog({key, DirectoryOf(key),
              absl::StrCat(key.job_id, "/", ArchivedLogName(key.attempt, key.nonce, key.rank))});
}

void Control::ArchiveLog(ArchiveRequest request) {
  const std::string directory = request.directory;
  if (request.key.has_value()) archiving_[*request.key] = JoinPath(directory, kLogName);
  if (parts_.archive.Add(std::move(request))) return;
  LogWarning("too many logs wait for the storage; the next start of the agent brings this one",
             {{"directory", directory}});
}

void Control::OnArchived(const Archived& archived) {
  const ArchiveRequest& request = archived.request;
  if (request.key.has_value()) archiving_.erase(*request.key);
  if (request.key.has_value() && archived.range.has_value()) {
    reports_.AddArchived(*request.key, archived.range->base, archived.range->end - archived.range->base);
  }
  parts_.files.RemoveDirectory(request.directory);
}

void Control::CollectLeftovers(absl::Duration now) {
  if (leftovers_.empty() || now - leftovers_seen_ < kLookAtLeftovers) return;
  leftovers_seen_ = now;
  std::erase_if(leftovers_, [this](const Leftover& leftover) {
    if (IsAlive(*leftover.process)) return false;
    ArchiveLog({leftover.key, leftover.directory, leftover.log_name});
    return true;
  });
}

std::string Control::DirectoryOf(const RankKey& key) const {
  return JoinPath(options_.directory, absl::StrCat(kTrainersName, "/", key.job_id, "-", FileStem(key)));
}

}  // namespace simclr::agent
