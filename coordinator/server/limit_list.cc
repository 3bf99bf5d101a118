#include "coordinator/server/limit_list.h"

#include "absl/strings/str_cat.h"
#include "common/base/text.h"
#include "common/edge/bounds.h"
#include "common/edge/bounds_reference.h"
#include "common/job/job_file.h"
#include "common/rpc/server.h"
#include "coordinator/collect/collector.h"
#include "coordinator/collect/plan.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/page.h"
#include "coordinator/core/submission.h"
#include "coordinator/edge/refusals.h"
#include "coordinator/metrics/coordinator_metrics.h"
#include "coordinator/metrics/metric_list.h"
#include "coordinator/policy/identity.h"
#include "coordinator/server/artifact_reader.h"
#include "coordinator/server/authorization.h"
#include "coordinator/server/connection_limits.h"
#include "coordinator/state/cluster_state.h"
#include "coordinator/store/request_rows.h"
#include "coordinator/store/sqlite_ended_jobs.h"
#include "coordinator/store/sqlite_journal.h"
#include "coordinator/streams/log_requests.h"

namespace simclr::coordinator {
namespace {

std::vector<Limit> TimersOfWorkers() {
  const LivenessOptions liveness;
  return {
      {"silence of a worker", TimeText(liveness.unknown_after), "--unknown-after", "it gets no new work"},
      {"longer silence of a worker", TimeText(liveness.lost_after), "--lost-after",
       "it is lost: its attempts end, their jobs are queued again"},
      {"the same, while its gang makes steps", TimeText(liveness.orphan_limit), "",
       "it is lost all the same"},
      {"start of the coordinator", TimeText(liveness.reattach_window), "--reattach-window",
       "until then nobody is lost"},
      {"the coordinator itself stood still", TimeText(kStoodStill), "", "that time begins anew"},
      {"nothing but refused states of a worker", TimeText(RefusalLimits().no_new_work), "",
       "it gets no new work"},
      {"between two warnings of such a worker", TimeText(RefusalLimits().warning), "",
       "the ones between are not logged"},
      {"silence of the agent that holds a name", TimeText(kNameGrace), "",
       "another agent that asks for the name gets it"},
  };
}

std::vector<Limit> TimersOfAttempts() {
  const JudgeOptions judge;
  return {
      {"a rank without progress", "by what it does", "",
       "job field `limits`: its rank is the culprit of a hang"},
      {"lost peers of a rank until their cause is known", TimeText(judge.root_cause_wait), "",
       "the rank that lost them is the cause"},
      {"first drained rank until the last one", "job field `limits.grace`", "",
       "the attempt ends as drained"},
      {"order to stop until the job ends", TimeText(judge.stop_limit), "--stop-limit",
       "it ends without the trainers that the kernel does not let go; their slots stay taken"},
      {"disappearance of a rank until its exit is reported", TimeText(judge.report_limit), "",
       "the attempt ends as crashed"},
  };
}

std::vector<Limit> TimersOfSlots() {
  const ExclusionOptions exclusion;
  return {
      {"failures of two jobs in a slot", TimeText(exclusion.window), "", "later ones do not exclude it"},
      {"exclusion of a slot", absl::StrCat(TimeText(exclusion.first), " to ", TimeText(exclusion.longest)),
       "", "it doubles; at most a tenth of the slots of a device, but one, never the last sound one"},
  };
}

std::vector<Limit> TimersOfJobs() {
  const RestartOptions restart;
  return {
      {"before the first restart", TimeText(restart.initial_backoff), "--restart-backoff",
       "it doubles with each failure in a row"},
      {"before any restart, at most", TimeText(restart.max_backoff), "", ""},
      {"run with a checkpoint after which it begins anew", TimeText(restart.backoff_reset), "", ""},
      {"before a job that a full disk stopped is tried again", TimeText(restart.storage_retry),
       "--storage-retry", ""},
      {"wait of a queued job", TimeText(SchedulerOptions().starvation_limit), "--starvation-limit",
       "slots are kept for it"},
      {"life of an ended job", "for ever", "--keep-ended-jobs",
       "it is deleted with its files; its own `retention` goes before"},
      {"series of an ended job in /metrics", TimeText(kJobSeriesLifetime), "", "they go"},
      {"memory of a deleted job's id", TimeText(kTombstoneLife), "", "it is as if it never was"},
      {"memory of a request id", TimeText(kKeepRequests), "", "the same id is a new request"},
      {"uncommitted files after the end of their attempt", TimeText(kUncommittedStays), "",
       "they are removed"},
      {"between two sweeps of the artifact root", TimeText(CollectorOptions().sweep_every), "", ""},
      {"life of an event", TimeText(SqliteJournalOptions().keep_events), "",
       "it is removed, once the older snapshot does not need it"},
  };
}

void Append(std::vector<Limit> more, std::vector<Limit>& all) {
  for (Limit& limit : more) all.push_back(std::move(limit));
}

std::string GateText(const GateLimits& gate) {
  return absl::StrCat(gate.inside, " at a time, ", gate.waiting, " wait for at most ",
                      TimeText(gate.patience));
}

}  // namespace

std::vector<Limit> Limits() {
  const CoordinatorOptions core;
  return {
      {"job file", BytesText(kMaxJobFileBytes), "", "`simclrctl` refuses it before it is read as YAML"},
      {"documents of a job file", absl::StrCat(kMaxJobDocuments), "", "`simclrctl` refuses the file"},
      {"request for several jobs", BytesText(kMaxSubmitBytes), "", "INVALID_ARGUMENT; none is submitted"},
      {"open jobs", absl::StrCat(core.max_open_jobs), "--max-open-jobs", "RESOURCE_EXHAUSTED"},
      {"open jobs of a user", absl::StrCat(core.max_open_jobs_of_user), "--max-open-jobs-of-user",
       "RESOURCE_EXHAUSTED"},
      {"priority of a user's job", absl::StrCat("-", kUserPriority, " to ", kUserPriority), "",
       "PERMISSION_DENIED; operators may ask for more"},
      {"attempts in a row without a new checkpoint", absl::StrCat(core.policy.restart.fruitless_limit), "",
       "the job fails"},
      {"calls that wait to be written", absl::StrCat(WriterOptions().max_waiting), "",
       "RESOURCE_EXHAUSTED; ask again"},
      {"items of a page", absl::StrCat(kMaxPageSize, "; ", kDefaultPageSize, " where nobody says"), "",
       "`next_page_token` leads to the others"},
      {"bytes of a page", BytesText(kMaxPageBytes), "", "likewise"},
      {"message on the wire", BytesText(kMaxMessageBytes), "", "gRPC ends the call with RESOURCE_EXHAUSTED"},
      {"text made for people", BytesText(kMaxMessageText), "",
       "cut where it is made, with the number of bytes left out"},
      {"fields that a version does not know", BytesText(kMaxUnknownBytes) + " a message", "",
       "INVALID_ARGUMENT; agents and trainers: left out, of any size"},
      {"calls of a connection", absl::StrCat(RpcServerOptions().max_concurrent_streams), "",
       "further ones wait in the client"},
      {"calls that read the artifact root", GateText(kArtifactGate), "",
       "UNAVAILABLE `storage: no answer for N s`, at once where too many wait, else after the time"},
      {"calls that read ended jobs", GateText(kEndedJobsGate), "", "the same of `database`"},
      {"readers of logs that are on one agent", absl::StrCat(LogRequests::kMaxQuestions), "",
       "further ones are told to ask again later"},
      {"jobs in /metrics", absl::StrCat(CoordinatorMetricsOptions().max_jobs), "",
       "the others are counted in `simclr_metrics_series_dropped_total`"},
      {"events between two snapshots", absl::StrCat(core.snapshot_every), "", "the next one is written"},
  };
}

std::vector<Limit> Timers() {
  std::vector<Limit> all = TimersOfWorkers();
  Append(TimersOfAttempts(), all);
  Append(TimersOfSlots(), all);
  Append(TimersOfJobs(), all);
  return all;
}

std::string LimitsReference() {
  return absl::StrCat(LimitTable("Limits of the service", Limits()), "\n",
                      LimitTable("Limits of connections", ConnectionLimits()), "\n",
                      LimitTable("Timers of the coordinator", Timers()), "\n", BoundsReference());
}

}  // namespace simclr::coordinator
