#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/commands/commands.h"
#include "cli/exit_code.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/job/enum_word.h"

namespace simclr::cli {
namespace {

absl::StatusOr<int> Cancel(const CommandContext& context, const std::vector<std::string>& names) {
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Client::Connect(context));
  for (const std::string& name : names) {
    SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, client->CancelJob(name));
    context.out << "job " << job.id() << " (" << Printable(job.spec().name()) << ") is "
                << EnumWord(job.status().phase()) << std::endl;
  }
  return kOk;
}

}  // namespace

void AddCancelCommand(CLI::App& app, CommandContext& context) {
  const auto jobs = std::make_shared<std::vector<std::string>>();
  CLI::App& command = *app.add_subcommand("cancel", "End jobs; what they have saved stays");
  command.add_option("jobs", *jobs, "ids or names")->required();
  command.footer("Example: simclrctl cancel cifar10-rn18");
  OnSelected(command, context, [&context, jobs] { return Cancel(context, *jobs); });
}

}  // namespace simclr::cli
