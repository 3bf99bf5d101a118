#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/commands/commands.h"
#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/text.h"
#include "common/base/status_macros.h"
#include "common/rpc/channel.h"

namespace simclr::cli {
namespace {

struct SetContextOptions {
  std::string name;
  Context context;
};

std::string AbsoluteFile(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

// The file holds names of files only, so nothing in it is secret.
absl::StatusOr<int> View(const CommandContext& context) {
  SIMCLR_ASSIGN_OR_RETURN(const ContextFile file, LoadContexts(context.config_path));
  context.out << "# " << context.config_path << "\ncurrent: " << OrDash(file.current) << "\n";
  for (const auto& [name, entry] : file.contexts) {
    context.out << name << ":\n  server: " << entry.server << "\n  ca: " << OrDash(entry.ca)
                << "\n  token_file: " << OrDash(entry.token_file) << "\n";
  }
  return kOk;
}

absl::StatusOr<int> GetContexts(const CommandContext& context) {
  SIMCLR_ASSIGN_OR_RETURN(const ContextFile file, LoadContexts(context.config_path));
  Table table({"CURRENT", "NAME", "SERVER"});
  for (const auto& [name, entry] : file.contexts) {
    table.AddRow({name == file.current ? "*" : "", name, entry.server});
  }
  context.out << table.Text();
  return kOk;
}

absl::StatusOr<int> Set(const CommandContext& context, const SetContextOptions& options) {
  Context entry = options.context;
  if (const absl::Status address = CheckServerAddress(entry.server); !address.ok()) {
    return UsageError(absl::StrCat("--server: ", address.message()));
  }
  entry.ca = AbsoluteFile(entry.ca);
  entry.token_file = AbsoluteFile(entry.token_file);
  SIMCLR_RETURN_IF_ERROR(SetContext(context.config_path, options.name, entry));
  context.err << "context '" << options.name << "' written to " << context.config_path << std::endl;
  return kOk;
}

absl::StatusOr<int> Use(const CommandContext& context, const std::string& name) {
  SIMCLR_RETURN_IF_ERROR(UseContext(context.config_path, name));
  context.err << "current context is '" << name << "'" << std::endl;
  return kOk;
}

void AddSetContext(CLI::App& config, CommandContext& context) {
  const auto options = std::make_shared<SetContextOptions>();
  CLI::App& set = *config.add_subcommand("set-context", "Add or replace a coordinator");
  set.add_option("name", options->name, "of the context")->required();
  set.add_option("--server", options->context.server, "HOST:PORT")->required();
  set.add_option("--ca", options->context.ca, "PEM file of the CA; without it plaintext, on loopback only");
  set.add_option("--token-file", options->context.token_file, "file that holds the bearer token");
  OnSelected(set, context, [&context, options] { return Set(context, *options); });
}

void AddUseContext(CLI::App& config, CommandContext& context) {
  const auto name = std::make_shared<std::string>();
  CLI::App& use = *config.add_subcommand("use-context", "Choose the current coordinator");
  use.add_option("name", *name, "of the context")->required();
  OnSelected(use, context, [&context, name] { return Use(context, *name); });
}

}  // namespace

void AddConfigCommand(CLI::App& app, CommandContext& context) {
  CLI::App& config = *app.add_subcommand("config", "Say which coordinators there are and which one is meant");
  config.require_subcommand(1);
  OnSelected(*config.add_subcommand("view", "Show the context file"), context,
             [&context] { return View(context); });
  OnSelected(*config.add_subcommand("get-contexts", "List the coordinators"), context,
             [&context] { return GetContexts(context); });
  AddUseContext(config, context);
  AddSetContext(config, context);
}

}  // namespace simclr::cli
