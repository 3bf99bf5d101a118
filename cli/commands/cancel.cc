#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/commands/commands.h"
#include "cli/exit_code.h"
#include "cli/repeat.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/job/enum_word.h"

namespace simclr::cli {
namespace {

struct CancelOptions {
  std::vector<std::string> jobs;
  std::string request_id;
};

// Names mean other jobs tomorrow; ids do not. So a request that is repeated cannot cancel anything else.
absl::StatusOr<v1::CancelJobRequest> Resolve(Client& client, const std::string& reference,
                                             const std::string& request_id) {
  v1::CancelJobRequest request;
  request.set_job(reference);
  if (!IsJobId(reference)) {
    SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, client.GetJob(reference));
    request.set_job(job.id());
  }
  request.set_request_id(absl::StrCat(request_id, "-", request.job()));
  return request;
}

absl::StatusOr<int> Cancel(const CommandContext& context, const CancelOptions& options) {
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Client::Connect(context));
  const std::string request_id = options.request_id.empty() ? HexId(RandomBits()) : options.request_id;
  for (const std::string& reference : options.jobs) {
    SIMCLR_ASSIGN_OR_RETURN(const v1::CancelJobRequest request, Resolve(*client, reference, request_id));
    const absl::StatusOr<v1::Job> job = client->CancelJob(request);
    SIMCLR_RETURN_IF_ERROR(OrRepeat(job.status(), context.command_line, request_id));
    const bool gone = job->status().phase() == v1::PHASE_UNSPECIFIED;
    context.out << "job " << job->id() << " (" << Printable(job->spec().name()) << ") is "
                << (gone ? "deleted by now" : EnumWord(job->status().phase())) << std::endl;
  }
  return kOk;
}

}  // namespace

void AddCancelCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<CancelOptions>();
  CLI::App& command = *app.add_subcommand("cancel", "End jobs; what they have saved stays");
  command.add_option("jobs", options->jobs, "ids or names")->required();
  command.add_option("--request-id", options->request_id, "cancel at most once under this id");
  command.footer("Example: simclrctl cancel cifar10-rn18");
  OnSelected(command, context, [&context, options] { return Cancel(context, *options); });
}

}  // namespace simclr::cli
