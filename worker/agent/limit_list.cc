#include "worker/agent/limit_list.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/limit.h"
#include "worker/agent/agent.h"
#include "worker/agent/log_relay.h"
#include "worker/agent/metric_list.h"
#include "worker/agent/outbox.h"
#include "worker/agent/shared_memory.h"
#include "worker/agent/spool.h"

namespace simclr::agent {
namespace {

std::vector<Limit> Limits() {
  return {
      {"log of a rank", BytesText(SupervisedRank::Options().max_log_bytes), "",
       "its older half goes back to the disk"},
      {"one push of a followed log", BytesText(LogRelayOptions().max_push_bytes), "", "the rest follows"},
      {"metrics that wait for the coordinator", absl::StrCat(kMaxSpooledMetrics, " messages"), "",
       "the oldest are dropped; exits and checkpoints never are"},
      {"memory for decoded images", "a quarter of the memory", "--cache-bytes",
       "images are decoded again; the slots share it"},
      {"least shared memory", absl::StrCat(kSharedMemoryForGpus, " bytes with GPUs, else 0"),
       "--min-shm-bytes", "the agent does not start"},
  };
}

std::vector<Limit> Timers() {
  const AgentOptions agent;
  return {
      {"between two heartbeats", TimeText(agent.heartbeat), "", ""},
      {"between two looks at the slots", TimeText(agent.slots_interval), "", ""},
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
