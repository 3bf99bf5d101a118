#include "coordinator/store/ended_job_rows.h"

#include <google/protobuf/util/time_util.h>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace simclr::coordinator {

using google::protobuf::util::TimeUtil;

namespace {

std::string LabelsOf(const v1::JobSpec& spec) {
  std::string text;
  for (const auto& [key, value] :
       std::map<std::string, std::string>(spec.labels().begin(), spec.labels().end())) {
    absl::StrAppend(&text, absl::string_view(LabelLine(key, value)).substr(text.empty() ? 0 : 1));
  }
  return text;
}

std::int64_t ExpiryOf(const v1::JobRecord& record) {
  if (!record.job().spec().has_retention()) return kNeverExpires;
  return TimeUtil::DurationToNanoseconds(record.ended_at() + record.job().spec().retention());
}

}  // namespace

std::string LabelLine(const std::string& key, const std::string& value) {
  return absl::StrCat("\n", key, "=", value, "\n");
}

absl::StatusOr<EndedJobRows> EndedJobRows::Prepare(SqliteDb& db) {
  SIMCLR_ASSIGN_OR_RETURN(
      SqliteStatement insert,
      db.Prepare("INSERT OR REPLACE INTO ended_jobs (id, name, owner, kind, phase, submitted_at, "
                 "ended_at, labels, revision, record, ended_service, expires) "
                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement remove, db.Prepare("DELETE FROM ended_jobs WHERE id = ?"));
  return EndedJobRows(std::move(insert), std::move(remove));
}

absl::Status EndedJobRows::Write(const v1::JobRecord& record) {
  const v1::Job& job = record.job();
  insert_.Bind(1, job.id()).Bind(2, job.spec().name()).Bind(3, job.owner());
  insert_.Bind(4, job.spec().kind()).Bind(5, job.status().phase());
  insert_.Bind(6, TimeUtil::TimestampToNanoseconds(job.status().submitted_at()));
  insert_.Bind(7, TimeUtil::TimestampToNanoseconds(job.status().ended_at()));
  insert_.Bind(8, LabelsOf(job.spec())).Bind(9, record.revision()).BindBlob(10, record.SerializeAsString());
  insert_.Bind(11, TimeUtil::DurationToNanoseconds(record.ended_at())).Bind(12, ExpiryOf(record));
  return insert_.Run();
}

absl::Status EndedJobRows::Delete(const std::string& id) {
  return remove_.Bind(1, id).Run();
}

}  // namespace simclr::coordinator
