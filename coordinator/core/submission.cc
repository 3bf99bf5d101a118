#include "coordinator/core/submission.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/job/defaults.h"
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

// Null where the spec has none, or may have it later.
absl::StatusOr<const v1::JobRecord*> FindBefore(const ClusterState& state, const v1::JobSpec& spec,
                                                bool may_come_later) {
  if (spec.after().empty()) return nullptr;
  const absl::StatusOr<const v1::JobRecord*> before = ResolveJob(state, spec.after());
  if (!before.ok() && may_come_later) return nullptr;
  if (!before.ok()) {
    return absl::Status(before.status().code(), absl::StrCat("after: ", before.status().message()));
  }
  const v1::Job& job = (*before)->job();
  if (job.spec().kind() != v1::JOB_KIND_PRETRAIN) {
    return absl::InvalidArgumentError(
        absl::StrCat("after: job '", spec.after(), "' is not of kind pretrain"));
  }
  if (IsTerminal(job.status().phase()) && job.status().phase() != v1::PHASE_SUCCEEDED) {
    return absl::FailedPreconditionError(
        absl::StrCat("after: job ", job.id(), " has not succeeded; name another, or submit it again first"));
  }
  return *before;
}

}  // namespace

absl::StatusOr<const v1::JobRecord*> ResolveJob(const ClusterState& state, const std::string& reference) {
  if (const v1::JobRecord* record = state.FindJob(reference)) return record;
  if (const v1::JobRecord* record = state.FindJobByName(reference)) return record;
  return absl::NotFoundError(absl::StrCat("there is no job with id or name '", reference, "'"));
}

absl::StatusOr<v1::JobSpec> PrepareSpec(const ClusterState& state, const v1::JobSpec& spec,
                                        const std::vector<std::string>& data_roots, bool may_come_later) {
  SIMCLR_ASSIGN_OR_RETURN(const v1::JobRecord* before, FindBefore(state, spec, may_come_later));
  v1::JobSpec prepared = before == nullptr ? spec : WithSplitOf(before->job().spec(), spec);
  if (before != nullptr) prepared.set_after(before->job().id());
  prepared = WithDefaults(std::move(prepared));
  SIMCLR_RETURN_IF_ERROR(ValidateSpec(prepared));
  SIMCLR_RETURN_IF_ERROR(CheckDataRoots(prepared, data_roots));
  return prepared;
}

absl::Status CheckDataRoots(const v1::JobSpec& spec, const std::vector<std::string>& roots) {
  SIMCLR_RETURN_IF_ERROR(CheckSource("data.source", spec.data().source(), roots));
  SIMCLR_RETURN_IF_ERROR(CheckSource("data.test", spec.data().test(), roots));
  if (spec.model().init().empty()) return absl::OkStatus();
  return CheckPath("model.init", spec.model().init(), roots);
}

}  // namespace simclr::coordinator
