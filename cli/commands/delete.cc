#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/commands/commands.h"
#include "cli/exit_code.h"
#include "cli/repeat.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"

namespace simclr::cli {
namespace {

struct DeleteOptions {
  std::vector<std::string> jobs;
  bool force = false;
  std::string request_id;
  std::string output = "table";
};

// Names mean other jobs tomorrow; ids do not. So a request that is repeated cannot delete anything else.
absl::StatusOr<v1::DeleteJobsRequest> Resolve(Client& client, const DeleteOptions& options) {
  v1::DeleteJobsRequest request;
  request.set_request_id(options.request_id.empty() ? HexId(RandomBits()) : options.request_id);
  request.set_force(options.force);
  for (const std::string& reference : options.jobs) {
    if (IsJobId(reference)) {
      request.add_jobs(reference);
      continue;
    }
    SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, client.GetJob(reference));
    request.add_jobs(job.id());
  }
  return request;
}

absl::StatusOr<int> Delete(const CommandContext& context, const DeleteOptions& options) {
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Client::Connect(context));
  SIMCLR_ASSIGN_OR_RETURN(const v1::DeleteJobsRequest request, Resolve(*client, options));
  const absl::StatusOr<v1::DeleteJobsResponse> deleted = client->DeleteJobs(request);
  SIMCLR_RETURN_IF_ERROR(OrRepeat(deleted.status(), context.command_line, request.request_id()));
  for (const v1::DeletedJob& job : deleted->jobs()) {
    if (options.output == "name") {
      context.out << job.id() << std::endl;
    } else {
      context.out << "job " << job.id() << " (" << job.name() << ") deleted" << std::endl;
    }
  }
  return kOk;
}

}  // namespace

void AddDeleteCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<DeleteOptions>();
  CLI::App& command =
      *app.add_subcommand("delete", "Forget ended jobs and remove their files: checkpoints, exports, logs");
  command.add_option("jobs", options->jobs, "ids or names")->required();
  command.add_flag("--force", options->force, "though an open job comes after one, or starts from its files");
  command.add_option("--request-id", options->request_id, "delete at most once under this id");
  command.add_option("-o,--output", options->output, "name: ids only")
      ->check(CLI::IsMember({"table", "name"}));
  command.footer("Example: simclrctl delete cifar10-rn18");
  OnSelected(command, context, [&context, options] { return Delete(context, *options); });
}

}  // namespace simclr::cli
