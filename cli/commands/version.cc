#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "cli/client.h"
#include "cli/commands/commands.h"
#include "cli/exit_code.h"
#include "common/base/status_macros.h"

namespace simclr::cli {
namespace {

absl::StatusOr<int> Version(const CommandContext& context, bool client_only) {
  context.out << "simclrctl " << SIMCLR_VERSION << std::endl;
  if (client_only) return kOk;
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Client::Connect(context));
  SIMCLR_ASSIGN_OR_RETURN(const v1::ClusterStatus status, client->GetStatus());
  context.out << "coordinator " << status.version() << " (cluster " << status.cluster_id() << ", term "
              << status.term() << ")" << std::endl;
  if (status.version() != SIMCLR_VERSION) {
    context.err << "the versions differ; use the same on both sides" << std::endl;
  }
  return kOk;
}

}  // namespace

void AddVersionCommand(CLI::App& app, CommandContext& context) {
  const auto client_only = std::make_shared<bool>(false);
  CLI::App& command =
      *app.add_subcommand("version", "Print the versions of simclrctl and of the coordinator");
  command.add_flag("--client", *client_only, "of simclrctl alone");
  OnSelected(command, context, [&context, client_only] { return Version(context, *client_only); });
}

}  // namespace simclr::cli
