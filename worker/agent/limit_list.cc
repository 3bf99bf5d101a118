#include "worker/agent/limit_list.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/limit.h"
#include "worker/agent/archive/archive.h"
#include "worker/agent/control/control.h"
#include "worker/agent/files/files.h"
#include "worker/agent/logs/log_reader.h"
#include "worker/agent/metric_list.h"
#include "worker/agent/outbox/outbox.h"
#include "worker/agent/probes/shared_memory.h"

namespace simclr::agent {
namespace {

std::vector<Limit> Limits() {
  return {
      {"log of a rank", BytesText(FilesOptions().max_log_bytes), "", "its older half goes back to the disk"},
      {"one piece of a log that is read", BytesText(LogReaderOptions().piece_bytes), "", "the rest follows"},
      {"questions for logs", absl::StrCat(LogReaderOptions().max_waiting), "",
       "further ones are not answered"},
      {"metrics that wait for the coordinator", absl::StrCat(kMaxWaitingMetrics, " messages"), "",
       "the oldest are dropped and counted; exits and checkpoints never are"},
      {"tries of a report that the coordinator cannot take", absl::StrCat(OutboxOptions().tries), "",
       "it is put aside in `spool/quarantine`, and an exit reported bare"},
      {"logs that wait for the artifact root", absl::StrCat(ArchiveOptions().max_waiting), "",
       "the next start of the agent brings the others"},
      {"piece of a log on its way to the artifact root", BytesText(ArchiveOptions().chunk_bytes), "",
       "the next piece follows"},
      {"memory for decoded images", "a quarter of the memory", "--cache-bytes",
       "images are decoded again; the slots share it"},
      {"least shared memory", absl::StrCat(kSharedMemoryForGpus, " bytes with GPUs, else 0"),
       "--min-shm-bytes", "the agent does not start"},
  };
}

std::vector<Limit> Timers() {
  const ControlOptions agent;
  return {
      {"between two heartbeats", TimeText(agent.heartbeat), "", ""},
      {"between two looks at the slots", TimeText(ProbesOptions().interval), "", ""},
      {"absence of the coordinator", TimeText(agent.orphan_limit), "--orphan-limit",
       "the trainers save and end"},
      {"time to save, where the agent itself decides", TimeText(agent.own_drain_grace), "--drain-grace",
       "the trainers are told to end at once"},
      {"silence of a trainer", TimeText(agent.ranks.silence), "--frozen-limit", "it is killed as hung"},
      {"a trainer without progress while the coordinator is away",
       "the longest finite one of its job's `limits` and a minute, at most half an hour", "",
       "it is killed as hung"},
      {"from SIGTERM to SIGKILL", TimeText(agent.ranks.kill_grace), "", ""},
      {"the same, of a trainer that did not save in time", TimeText(agent.ranks.after_drain_grace), "", ""},
      {"SIGKILL until a trainer is told to be stuck", TimeText(agent.ranks.stuck_after), "",
       "`describe worker` names its pid and what it waits for; its slot stays taken"},
      {"call to a disk or driver until it is told to have no answer", TimeText(agent.blocked_limit), "",
       "`describe worker` shows it; the rest goes on"},
      {"end of a log, for the report of an exit", TimeText(agent.explain_limit), "",
       "the exit is told without it"},
      {"reports of an earlier agent that the coordinator does not let in",
       TimeText(OutboxOptions().inherited_limit), "", "they are put aside, and the session begins"},
      {"before a log is copied again",
       absl::StrCat(TimeText(ArchiveOptions().retry.initial), " to ", TimeText(ArchiveOptions().retry.limit)),
       "", ""},
      {"before a report is sent again",
       absl::StrCat(TimeText(OutboxOptions().retry.initial), " to ", TimeText(OutboxOptions().retry.limit)),
       "", ""},
      {"series of an ended rank in /metrics", TimeText(kSeriesKept), "", "they go"},
  };
}

}  // namespace

std::string LimitsReference() {
  return absl::StrCat(LimitTable("Limits of an agent", Limits()), "\n",
                      LimitTable("Timers of an agent", Timers()));
}

}  // namespace simclr::agent
