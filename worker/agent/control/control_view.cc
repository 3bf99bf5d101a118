// Control: what the coordinator and the metrics see of it.
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/protocol.h"
#include "common/base/text.h"
#include "worker/agent/control/control.h"

namespace simclr::agent {
namespace {

constexpr std::size_t kMaxLine = 512;  // KIND_LINE

void SetUnusable(v1::Slot& slot, const std::string& reason) {
  slot.set_usable(false);
  slot.set_unusable_reason(reason);
}

std::string LeftoverText(const Leftover& leftover) {
  const pid_t pid = leftover.process->pid;
  const std::string channel = WaitChannel(pid);
  return Printable(
      absl::StrCat("pid ", pid, " of job ", leftover.key->job_id, ", which an earlier agent started, ",
                   "does not end",
                   channel.empty() ? "" : absl::StrCat(": it waits in the kernel (", channel, ")")),
      kMaxLine);
}

}  // namespace

v1::Observed Control::Observed(absl::Duration now) const {
  v1::Observed observed;
  observed.set_worker(options_.worker);
  observed.set_incarnation(gate_.incarnation());
  observed.set_nonce(options_.nonce);
  observed.set_pid(options_.pid);
  observed.set_protocol(kProtocol);
  observed.set_cluster_id(gate_.cluster_id());
  observed.set_address(options_.address);
  observed.set_version(options_.version);
  if (options_.build) observed.set_build(options_.build());
  observed.set_threads_per_slot(options_.threads_per_slot);
  observed.set_seen_term(gate_.term());
  for (v1::Slot& slot : SlotsNow()) *observed.add_slots() = std::move(slot);
  for (const auto& [key, rank] : ranks_) *observed.add_ranks() = rank.Observed(now);
  for (const std::string& trouble : Troubles()) observed.add_troubles(Printable(trouble, kMaxLine));
  observed.set_leaving(CanLeave());
  return observed;
}

std::vector<v1::Slot> Control::SlotsNow() const {
  std::vector<v1::Slot> slots = probed_.has_value() ? probed_->slots : std::vector<v1::Slot>();
  for (const Leftover& leftover : leftovers_) {
    const auto index = static_cast<std::size_t>(leftover.slot);
    if (leftover.slot >= 0 && index < slots.size()) SetUnusable(slots[index], LeftoverText(leftover));
  }
  if (!leaving_) return slots;
  for (v1::Slot& slot : slots) SetUnusable(slot, "the agent is shutting down");
  return slots;
}

std::map<std::string, absl::Duration> Control::Blocked() const {
  std::map<std::string, absl::Duration> blocked;
  for (const CallWatch* calls :
       {&parts_.archive.calls(), &parts_.files.calls(), &parts_.launcher.calls(), &parts_.probes.calls()}) {
    const auto found = calls->Find(options_.blocked_limit);
    if (found.has_value()) blocked[found->what] = found->since;
  }
  return blocked;
}

std::vector<std::string> Control::Troubles() const {
  std::vector<std::string> troubles;
  for (const auto& [what, since] : Blocked()) {
    troubles.push_back(absl::StrCat(what, ": no answer for ", absl::ToInt64Seconds(since), " s"));
  }
  const Archive::Figures archive = parts_.archive.figures();
  if (!archive.newest_failure.empty()) {
    troubles.push_back(absl::StrCat("storage: ", archive.logs, " logs wait: ", archive.newest_failure));
  }
  const Outbox::Figures outbox = parts_.outbox.figures();
  if (outbox.quarantined > 0) {
    troubles.push_back(absl::StrCat(
        "quarantine: ", outbox.quarantined, " reports could not be delivered and lie in ",
        JoinPath(options_.directory, kSpoolName), "/quarantine",
        outbox.newest_refusal.empty() ? "" : absl::StrCat("; the newest: ", outbox.newest_refusal)));
  }
  if (const absl::Status spooled = parts_.files.spooled(); !spooled.ok()) {
    troubles.push_back(absl::StrCat("spool: reports are kept in memory only: ", spooled.message()));
  }
  return troubles;
}

std::map<RankKey, LocalLog> Control::LocalLogs() const {
  std::map<RankKey, LocalLog> logs;
  for (const auto& [key, rank] : ranks_) logs[key] = {rank.log_path(), /*ended=*/false};
  for (const auto& [key, path] : archiving_) logs[key] = {path, /*ended=*/true};
  return logs;
}

AgentView Control::View() const {
  AgentView view;
  view.observed = Observed(parts_.clock.Monotonic());
  view.connected = connected_;
  view.draining = leaving_;
  view.last_ack = last_ack_;
  view.term = gate_.term();
  view.conflicts = gate_.conflicts();
  view.outbox = parts_.outbox.figures();
  view.archive = parts_.archive.figures();
  view.blocked = Blocked();
  for (const v1::ObservedRank& rank : view.observed.ranks()) view.stuck += rank.stuck().empty() ? 0 : 1;
  view.figures = figures_;
  if (probed_.has_value()) {
    view.gpus = probed_->gpus;
    view.free_bytes = probed_->free_bytes;
  }
  return view;
}

}  // namespace simclr::agent
