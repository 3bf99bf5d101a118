#include "cli/app.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <ostream>
#include <string>

#include "cli/commands/commands.h"
#include "cli/exit_code.h"
#ifdef SIMCLR_HAVE_LOCAL_COMMAND
#include "cli/commands/local.h"
#endif

namespace simclr::cli {
namespace {

void AddCommands(CLI::App& app, CommandContext& context) {
  AddSubmitCommand(app, context);
  AddGetCommand(app, context);
  AddDescribeCommand(app, context);
  AddLogsCommand(app, context);
  AddMetricsCommand(app, context);
  AddWaitCommand(app, context);
  AddCancelCommand(app, context);
  AddDeleteCommand(app, context);
  AddPruneCommand(app, context);
  AddExportCommand(app, context);
#ifdef SIMCLR_HAVE_LOCAL_COMMAND
  AddLocalCommand(app, context);
#endif
  AddConfigCommand(app, context);
  AddCompletionCommand(app, context);
  AddVersionCommand(app, context);
}

int Parse(CLI::App& app, int argc, const char* const* argv, CommandContext& context) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, context.out, context.err) == 0 ? kOk : kUsage;
  }
  return context.exit_code;
}

int CodeWithOutput(int code, CommandContext& context) {
  context.out.flush();
  if (context.out.good()) return code;
  const int error = context.out_error();
  if (error != EPIPE) {
    context.err << "simclrctl: cannot write standard output: " << std::strerror(error == 0 ? EIO : error)
                << std::endl;
  }
  return kError;
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv, CommandContext& context) {
  CLI::App app("Train SimCLR encoders on a cluster: submit jobs, watch them, take the encoder away.",
               "simclrctl");
  app.require_subcommand(1);
  app.add_option("--context", context.context, "context of the config file to use (default: the current one)")
      ->envname("SIMCLR_CONTEXT");
  app.footer(
      "A job is named by its id or by its name (the newest of that name).\n"
      "Exit codes: 0 ok, 1 error, 2 usage, 3 not found, 4 not permitted, 5 unreachable, 6 conflict,\n"
      "7 validation; for waiting commands 100 failed, 101 not finished in time, 103 cancelled.");
  AddCommands(app, context);
  context.command_line.assign(argv, argv + argc);
  return CodeWithOutput(Parse(app, argc, argv, context), context);
}

}  // namespace simclr::cli
