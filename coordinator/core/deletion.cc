#include "coordinator/core/deletion.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/crypto/sha256.h"
#include "common/job/proto_time.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr int kMostAtOnce = 1000;
constexpr std::size_t kNamesShown = 3;

// Map fields in key order, so that equal messages give equal bytes.
std::string StableBytes(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

std::string SomeOf(const std::set<std::string>& ids) {
  std::vector<std::string> shown(ids.begin(), ids.end());
  if (shown.size() > kNamesShown) shown.resize(kNamesShown);
  const std::string more =
      ids.size() > shown.size() ? absl::StrCat(" and ", ids.size() - shown.size(), " others") : "";
  return absl::StrCat(absl::StrJoin(shown, ", "), more);
}

}  // namespace

absl::Status WasDeleted(const v1::Tombstone& tombstone) {
  const v1::DeletedJob& job = tombstone.job();
  return absl::NotFoundError(
      absl::StrCat("job ", job.id(), " (", job.name(), ") was deleted by ", job.deleted_by(), " at ",
                   absl::FormatTime(absl::RFC3339_sec, FromProto(job.deleted_at()), absl::UTCTimeZone())));
}

absl::Status CheckDeleteRequest(const v1::DeleteJobsRequest& request) {
  if (request.jobs().empty())
    return absl::InvalidArgumentError("jobs is empty; name the ids of those to delete");
  if (request.jobs_size() > kMostAtOnce) {
    return absl::InvalidArgumentError(
        absl::StrCat("jobs names ", request.jobs_size(), "; delete at most ", kMostAtOnce, " at once"));
  }
  std::set<std::string> seen;
  for (const std::string& id : request.jobs()) {
    if (!IsJobId(id)) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", id, "' is no job id; jobs are deleted by their ids"));
    }
    if (!seen.insert(id).second)
      return absl::InvalidArgumentError(absl::StrCat("job ", id, " is named twice"));
  }
  return absl::OkStatus();
}

absl::Status CheckDeletable(const StateReader& state, const v1::JobRecord& record, bool force) {
  const std::string& id = record.job().id();
  if (const TombstonePtr tombstone = state.FindTombstone(id)) return WasDeleted(*tombstone);
  const std::set<std::string> namers = force ? std::set<std::string>() : state.NamersOf(id);
  if (namers.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("job ", id, " is needed by ", SomeOf(namers),
                                                    "; cancel what needs it, wait, or delete it with force"));
}

v1::Event DeletedEvent(const v1::JobRecord& record) {
  v1::Event event;
  v1::JobDeleted& deleted = *event.mutable_job_deleted();
  deleted.set_job_id(record.job().id());
  deleted.set_name(record.job().spec().name());
  deleted.set_owner(record.job().owner());
  deleted.set_kind(record.job().spec().kind());
  deleted.set_phase(record.job().status().phase());
  return event;
}

template <typename Request>
std::string ContentHash(Request request) {
  request.clear_request_id();
  return Sha256Hex(StableBytes(request));
}

template std::string ContentHash(v1::CancelJobRequest request);
template std::string ContentHash(v1::DeleteJobsRequest request);
template std::string ContentHash(v1::PruneJobsRequest request);
template std::string ContentHash(v1::SubmitJobsRequest request);

}  // namespace simclr::coordinator
