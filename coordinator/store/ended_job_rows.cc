#include "coordinator/store/ended_job_rows.h"

#include <google/protobuf/util/time_util.h>

#include "common/base/status_macros.h"

namespace simclr::coordinator {

using google::protobuf::util::TimeUtil;

absl::StatusOr<EndedJobRows> EndedJobRows::Prepare(SqliteDb& db) {
  SIMCLR_ASSIGN_OR_RETURN(
      SqliteStatement insert,
      db.Prepare("INSERT OR REPLACE INTO ended_jobs (id, name, owner, kind, phase, submitted_at, "
                 "ended_at, labels, revision, record) VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, ?)"));
  return EndedJobRows(std::move(insert));
}

absl::Status EndedJobRows::Write(const v1::JobRecord& record) {
  const v1::Job& job = record.job();
  insert_.Bind(1, job.id()).Bind(2, job.spec().name()).Bind(3, job.owner());
  insert_.Bind(4, job.spec().kind()).Bind(5, job.status().phase());
  insert_.Bind(6, TimeUtil::TimestampToNanoseconds(job.status().submitted_at()));
  insert_.Bind(7, TimeUtil::TimestampToNanoseconds(job.status().ended_at()));
  return insert_.Bind(8, record.revision()).BindBlob(9, record.SerializeAsString()).Run();
}

}  // namespace simclr::coordinator
