#include "coordinator/core/submission.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/job/defaults.h"
#include "common/job/proto_time.h"
#include "common/job/validate.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

bool LiesBelow(const std::filesystem::path& path, const std::string& root) {
  const std::filesystem::path normal = std::filesystem::path(root).lexically_normal();
  const std::string relative = path.lexically_relative(normal).string();
  return !relative.empty() && relative != ".." && !absl::StartsWith(relative, "../");
}

absl::Status CheckPath(absl::string_view field, absl::string_view text,
                       const std::vector<std::string>& roots) {
  const std::filesystem::path path = std::filesystem::path(std::string(text)).lexically_normal();
  if (!path.is_absolute()) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": '", text,
                                                   "' is not absolute; a service cannot tell "
                                                   "which directory it starts from"));
  }
  const bool allowed =
      std::any_of(roots.begin(), roots.end(), [&](const std::string& root) { return LiesBelow(path, root); });
  if (allowed) return absl::OkStatus();
  if (roots.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, ": '", text, "': no data root is configured; start the coordinator with --data-root DIR"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": '", text, "' lies outside the data roots (", absl::StrJoin(roots, ", "),
                   "); move it, or start the coordinator with another --data-root"));
}

absl::Status CheckSource(absl::string_view field, absl::string_view source,
                         const std::vector<std::string>& roots) {
  for (absl::string_view kind : {"folder:", "tar:", "cifar10:"}) {
    if (absl::StartsWith(source, kind)) return CheckPath(field, source.substr(kind.size()), roots);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status NoSuchJob(const std::string& reference) {
  return absl::NotFoundError(absl::StrCat("there is no job with id or name '", reference, "'"));
}

absl::Status CheckAfter(const v1::JobRecord& before, const std::string& reference) {
  const v1::Job& job = before.job();
  if (job.spec().kind() != v1::JOB_KIND_PRETRAIN) {
    return absl::InvalidArgumentError(absl::StrCat("after: job '", reference, "' is not of kind pretrain"));
  }
  if (IsTerminal(job.status().phase()) && job.status().phase() != v1::PHASE_SUCCEEDED) {
    return absl::FailedPreconditionError(
        absl::StrCat("after: job ", job.id(), " has not succeeded; name another, or submit it again first"));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::JobSpec> PrepareSpec(const v1::JobSpec& spec, const v1::JobRecord* before,
                                        const std::vector<std::string>& data_roots) {
  if (before != nullptr) SIMCLR_RETURN_IF_ERROR(CheckAfter(*before, spec.after()));
  v1::JobSpec prepared = before == nullptr ? spec : WithSplitOf(before->job().spec(), spec);
  if (before != nullptr) prepared.set_after(before->job().id());
  prepared = WithDefaults(prepared);
  SIMCLR_RETURN_IF_ERROR(ValidateSpec(prepared));
  SIMCLR_RETURN_IF_ERROR(CheckDataRoots(prepared, data_roots));
  return prepared;
}

v1::Job NewJob(const v1::JobSpec& spec, const std::string& owner, const v1::JobRecord* before,
               absl::Time now) {
  v1::Job job;
  *job.mutable_spec() = spec;
  job.set_owner(owner);
  v1::JobStatus& status = *job.mutable_status();
  *status.mutable_submitted_at() = ToProto(now);
  const bool blocked = before != nullptr && before->job().status().phase() != v1::PHASE_SUCCEEDED;
  status.set_phase(blocked ? v1::PHASE_BLOCKED : v1::PHASE_QUEUED);
  status.set_reason(blocked ? v1::REASON_DEPENDENCY : v1::REASON_EVALUATING);
  if (blocked) status.set_message(absl::StrCat("waits for job ", before->job().id(), " to succeed"));
  return job;
}

absl::Status CheckDataRoots(const v1::JobSpec& spec, const std::vector<std::string>& roots) {
  SIMCLR_RETURN_IF_ERROR(CheckSource("data.source", spec.data().source(), roots));
  SIMCLR_RETURN_IF_ERROR(CheckSource("data.test", spec.data().test(), roots));
  if (spec.model().init().empty()) return absl::OkStatus();
  return CheckPath("model.init", spec.model().init(), roots);
}

}  // namespace simclr::coordinator
