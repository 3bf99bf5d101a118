#include "coordinator/server/limit_list.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/text.h"
#include "common/edge/bounds.h"
#include "common/edge/bounds_reference.h"
#include "common/job/job_file.h"
#include "common/rpc/server.h"
#include "coordinator/edge/refusals.h"
#include "coordinator/metrics/coordinator_metrics.h"
#include "coordinator/server/artifact_reader.h"
#include "coordinator/server/log_tails.h"
#include "coordinator/store/sqlite_ended_jobs.h"

namespace simclr::coordinator {
namespace {

std::string Bytes(std::size_t bytes) {
  return absl::StrCat(bytes, " bytes");
}

std::string GateText(const GateLimits& gate) {
  return absl::StrCat(gate.inside, " at a time, ", gate.waiting, " wait for at most ",
                      absl::FormatDuration(gate.patience));
}

}  // namespace

std::vector<Limit> Limits() {
  return {
      {"job file", Bytes(kMaxJobFileBytes), "", "`simclrctl` refuses it before it is read as YAML"},
      {"documents of a job file", absl::StrCat(kMaxJobDocuments), "", "`simclrctl` refuses the file"},
      {"message on the wire", Bytes(kMaxMessageBytes), "", "gRPC ends the call with RESOURCE_EXHAUSTED"},
      {"text made for people", Bytes(kMaxMessageText), "",
       "cut where it is made, with the number of bytes left out"},
      {"fields that a version does not know", Bytes(kMaxUnknownBytes) + " a message", "",
       "INVALID_ARGUMENT; agents and trainers: left out, of any size"},
      {"calls of a connection", absl::StrCat(RpcServerOptions().max_concurrent_streams), "",
       "further ones wait in the client"},
      {"calls that read the artifact root", GateText(kArtifactGate), "",
       "UNAVAILABLE `storage: no answer for N s`, at once where too many wait, else after the time"},
      {"calls that read ended jobs", GateText(kEndedJobsGate), "", "the same of `database`"},
      {"nothing but refused states of a worker", absl::FormatDuration(RefusalLimits().no_new_work), "",
       "the worker gets no new work"},
      {"live tail of a rank's log", Bytes(LogTailsOptions().buffer_bytes), "",
       "the oldest bytes are dropped; the archived log has them"},
      {"jobs in /metrics", absl::StrCat(CoordinatorMetricsOptions().max_jobs), "",
       "the others are counted in `simclr_metrics_series_dropped_total`"},
  };
}

std::string LimitsReference() {
  std::string table = "## Limits of the service\n\n| limit | value | flag | beyond |\n|---|---|---|---|\n";
  for (const Limit& limit : Limits()) {
    absl::StrAppend(&table, "| ", limit.name, " | ", limit.value, " | ", limit.flag, " | ", limit.beyond,
                    " |\n");
  }
  return absl::StrCat(table, "\n", BoundsReference());
}

}  // namespace simclr::coordinator
