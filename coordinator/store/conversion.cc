#include "coordinator/store/conversion.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "common/base/status_macros.h"
#include "common/edge/mend_message.h"
#include "coordinator/state/job_record.h"
#include "coordinator/state/overlay.h"

namespace simclr::coordinator {
namespace {

using google::protobuf::util::TimeUtil;

constexpr char kLost[] = "the coordinator was updated, and agents of before are not obeyed";

// What exits of an attempt that ended said is in its summary and in the job's status.
void ForgetWords(v1::AttemptRecord& attempt) {
  for (v1::ExitRecord& exit : *attempt.mutable_exits()) {
    exit.clear_message();
    exit.clear_results();
  }
}

JobPtr ConvertJob(const v1::JobRecord& before, absl::Time now) {
  auto record = std::make_shared<v1::JobRecord>(before);
  v1::JobStatus& status = *record->mutable_job()->mutable_status();
  for (v1::AttemptRecord& attempt : *record->mutable_attempts()) {
    if (attempt.summary().has_ended_at()) ForgetWords(attempt);
    for (v1::RankRecord& rank : *attempt.mutable_ranks()) rank.set_incarnation(0);
  }
  if (status.has_not_before()) {
    const absl::Time until = absl::FromUnixNanos(TimeUtil::TimestampToNanoseconds(status.not_before()));
    const absl::Duration wait = std::max(until - now, absl::ZeroDuration());
    *record->mutable_due() = TimeUtil::NanosecondsToDuration(absl::ToInt64Nanoseconds(wait));
  }
  Mend(*record);
  return record;
}

WorkerPtr ConvertWorker(const v1::WorkerRecord& before) {
  auto record = std::make_shared<v1::WorkerRecord>(before);
  record->mutable_worker()->set_incarnation(0);
  record->set_nonce(0);
  Mend(*record);
  return record;
}

v1::Event EndOfAttempt(const v1::JobRecord& record) {
  if (record.job().status().phase() == v1::PHASE_STOPPING) {
    return EndJob(record, v1::PHASE_CANCELLED, v1::REASON_CANCELLED_BY_USER, "");
  }
  return EndJob(record, v1::PHASE_QUEUED, v1::REASON_EVALUATING, kLost);
}

// Events that end the attempts that are live, on the state that `converted` begins with.
absl::Status EndLiveAttempts(Converted& converted, absl::Time now) {
  const Stamp stamp{std::max(now, converted.after.at()), converted.after.service_time()};
  Overlay overlay(converted.after, stamp);
  for (const auto& [id, record] : converted.after.jobs()) {
    if (LiveAttempt(*record) == nullptr) continue;
    SIMCLR_RETURN_IF_ERROR(overlay.Add(EndOfAttempt(*record), "coordinator"));
  }
  for (const CheckedEvent& checked : overlay.events()) {
    converted.events.push_back(checked.event);
    for (const auto& [id, record] : checked.change.jobs) {
      if (!IsOpen(*record)) converted.ended[id] = record;
    }
    converted.after.Merge(checked.change);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Converted> ConvertState(const Replayed& replayed, absl::Time now) {
  StateImage image = replayed.state.Image();
  for (JobPtr& job : image.jobs) job = ConvertJob(*job, now);
  for (JobPtr& stub : image.stubs) stub = ConvertJob(*stub, now);
  for (WorkerPtr& worker : image.workers) worker = ConvertWorker(*worker);
  Converted converted;
  converted.revision = image.revision;
  converted.before = image.Serialize();
  for (const auto& [id, job] : replayed.ended) converted.ended[id] = ConvertJob(*job, now);
  SIMCLR_ASSIGN_OR_RETURN(converted.after, ClusterState::Parse(converted.before));
  SIMCLR_RETURN_IF_ERROR(EndLiveAttempts(converted, now));
  return converted;
}

}  // namespace simclr::coordinator
