#include "cli/job_filter_options.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/exit_code.h"
#include "cli/time_argument.h"
#include "common/base/status_macros.h"
#include "common/job/enum_word.h"
#include "common/job/labels.h"
#include "common/job/proto_time.h"

namespace simclr::cli {
namespace {

absl::Status AddLabel(const std::string& text, v1::ListJobsRequest& request) {
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (parts.size() == 2 && IsLabelKey(parts[0]) && IsLabelValue(parts[1])) {
    (*request.mutable_labels())[parts[0]] = parts[1];
    return absl::OkStatus();
  }
  return UsageError(absl::StrCat("--label is '", text, "'; write NAME=VALUE"));
}

}  // namespace

bool JobFilterOptions::empty() const {
  return phases.empty() && kinds.empty() && name_prefix.empty() && owner.empty() && !mine && labels.empty() &&
         since.empty() && until.empty();
}

void AddJobFilters(CLI::App& command, JobFilterOptions& options) {
  const CLI::IsMember phases(EnumWords(*v1::Phase_descriptor()), CLI::ignore_case);
  const CLI::IsMember kinds(EnumWords(*v1::JobKind_descriptor()), CLI::ignore_case);
  std::vector<CLI::Option*> filters;
  filters.push_back(command.add_option("--phase", options.phases, "of these phases, such as RUNNING,QUEUED")
                        ->delimiter(',')
                        ->transform(phases));
  filters.push_back(command.add_option("--kind", options.kinds, "of these kinds: pretrain, linear-eval")
                        ->delimiter(',')
                        ->transform(kinds));
  filters.push_back(command.add_option("--name-prefix", options.name_prefix, "whose name begins so"));
  filters.push_back(command.add_option("--owner", options.owner, "of one user"));
  filters.push_back(command.add_flag("--mine", options.mine, "of your own")->excludes(filters.back()));
  filters.push_back(
      command.add_option("-l,--label", options.labels, "with the label NAME=VALUE; may be repeated"));
  filters.push_back(
      command.add_option("--since", options.since, "submitted then or later: 30m, 7d (ago), 2026-01-31"));
  filters.push_back(command.add_option("--until", options.until, "submitted before then"));
  for (CLI::Option* filter : filters) {
    filter->group("Which jobs");
    if (filter->get_expected_max() > 1) filter->allow_extra_args(false);
  }
}

absl::StatusOr<v1::ListJobsRequest> ToRequest(const JobFilterOptions& options, absl::Time now) {
  v1::ListJobsRequest request;
  for (const std::string& word : options.phases) {
    request.add_phases(static_cast<v1::Phase>(EnumOfWord(*v1::Phase_descriptor(), word).value_or(0)));
  }
  for (const std::string& word : options.kinds) {
    request.add_kinds(static_cast<v1::JobKind>(EnumOfWord(*v1::JobKind_descriptor(), word).value_or(0)));
  }
  request.set_name_prefix(options.name_prefix);
  request.set_owner(options.owner);
  request.set_mine(options.mine);
  for (const std::string& label : options.labels) SIMCLR_RETURN_IF_ERROR(AddLabel(label, request));
  const absl::TimeZone zone = absl::LocalTimeZone();
  if (!options.since.empty()) {
    SIMCLR_ASSIGN_OR_RETURN(const absl::Time since, ParseMoment("--since", options.since, now, zone));
    *request.mutable_since() = ToProto(since);
  }
  if (!options.until.empty()) {
    SIMCLR_ASSIGN_OR_RETURN(const absl::Time until, ParseMoment("--until", options.until, now, zone));
    *request.mutable_until() = ToProto(until);
  }
  return request;
}

}  // namespace simclr::cli
