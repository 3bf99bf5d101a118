#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/client.h"
#include "cli/commands/commands.h"
#include "cli/count_argument.h"
#include "cli/exit_code.h"
#include "cli/job_filter_options.h"
#include "cli/repeat.h"
#include "cli/time_argument.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/job/proto_time.h"

namespace simclr::cli {
namespace {

constexpr int kPageSize = 200;  // jobs that are deleted at once

struct PruneOptions {
  std::string older_than;
  std::int64_t keep = 0;
  JobFilterOptions filter;
  bool dry_run = false;
  bool force = false;
  std::string request_id;
  std::string output = "table";
};

absl::StatusOr<v1::PruneJobsRequest> ToRequest(const PruneOptions& options) {
  if (options.older_than.empty() && options.keep == 0) {
    return UsageError("which jobs go? write --older-than AGE, --keep NUMBER, or both");
  }
  v1::PruneJobsRequest request;
  SIMCLR_ASSIGN_OR_RETURN(*request.mutable_filter(), ToRequest(options.filter, absl::Now()));
  request.mutable_filter()->set_page_size(kPageSize);
  request.set_keep(options.keep);
  request.set_dry_run(options.dry_run);
  request.set_force(options.force);
  if (options.older_than.empty()) return request;
  SIMCLR_ASSIGN_OR_RETURN(const absl::Duration age, ParseAge("--older-than", options.older_than));
  *request.mutable_older_than() = ToProto(age);
  return request;
}

absl::StatusOr<int> Prune(const CommandContext& context, const PruneOptions& options) {
  SIMCLR_ASSIGN_OR_RETURN(v1::PruneJobsRequest request, ToRequest(options));
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Client::Connect(context));
  const std::string request_id = options.request_id.empty() ? HexId(RandomBits()) : options.request_id;
  std::int64_t jobs = 0;
  for (int page = 1;; ++page) {
    request.set_request_id(absl::StrCat(request_id, "-", page));
    const absl::StatusOr<v1::PruneJobsResponse> pruned = client->PruneJobs(request);
    SIMCLR_RETURN_IF_ERROR(options.dry_run ? pruned.status()
                                           : OrRepeat(pruned.status(), context.command_line, request_id));
    for (const v1::DeletedJob& job : pruned->jobs()) {
      if (options.output == "name") {
        context.out << job.id() << "\n";
      } else {
        context.out << "job " << job.id() << " (" << job.name() << ") deleted"
                    << (options.dry_run ? " (dry run)" : "") << "\n";
      }
    }
    context.out.flush();
    jobs += pruned->jobs_size();
    if (pruned->next_page_token().empty()) break;
    request.mutable_filter()->set_page_token(pruned->next_page_token());
  }
  if (options.output != "name" && jobs == 0) context.err << "no job is that old" << std::endl;
  return kOk;
}

}  // namespace

void AddPruneCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<PruneOptions>();
  CLI::App& command = *app.add_subcommand("prune", "Delete jobs that ended long ago, with their files");
  command.add_option("--older-than", options->older_than, "that ended so long ago: 30d, 12h");
  command.add_option("--keep", options->keep, "but so many of the newest")->check(AtLeast(1));
  AddJobFilters(command, options->filter);
  command.add_flag("--dry-run", options->dry_run, "say which, delete nothing");
  command.add_flag("--force", options->force, "those, too, that an open job needs");
  command.add_option("--request-id", options->request_id, "delete at most once under this id");
  command.add_option("-o,--output", options->output, "name: ids only")
      ->check(CLI::IsMember({"table", "name"}));
  command.footer("Example: simclrctl prune --older-than 30d --keep 100 --dry-run");
  OnSelected(command, context, [&context, options] { return Prune(context, *options); });
}

}  // namespace simclr::cli
