#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/client.h"
#include "cli/commands/commands.h"
#include "cli/exit_code.h"
#include "cli/follow.h"
#include "cli/watch.h"
#include "common/base/status_macros.h"

namespace simclr::cli {
namespace {

struct WaitOptions {
  std::string job;
  std::string what = "done";
  std::string timeout;
};

absl::StatusOr<absl::Time> Deadline(const std::string& timeout) {
  if (timeout.empty()) return absl::InfiniteFuture();
  absl::Duration duration;
  if (absl::ParseDuration(timeout, &duration) && duration > absl::ZeroDuration())
    return absl::Now() + duration;
  return UsageError(absl::StrCat("--timeout is '", timeout, "'; write a duration such as 30s, 10m or 1h30m"));
}

absl::StatusOr<int> Wait(const CommandContext& context, const WaitOptions& options) {
  SIMCLR_ASSIGN_OR_RETURN(const absl::Time deadline, Deadline(options.timeout));
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Client::Connect(context));
  const bool for_running = options.what == "running";
  SIMCLR_ASSIGN_OR_RETURN(const std::optional<v1::Job> job,
                          WatchUntil(*client, options.job, deadline, [&](const v1::Job& now) {
                            const v1::Phase phase = now.status().phase();
                            return IsEnded(phase) || (for_running && phase == v1::PHASE_RUNNING);
                          }));
  if (!job.has_value()) {
    context.err << "simclrctl: job " << options.job << " is not " << options.what << " after "
                << options.timeout << "; it goes on" << std::endl;
    return kNotFinished;
  }
  if (for_running && job->status().phase() == v1::PHASE_RUNNING) return kOk;
  context.err << EndText(*job) << std::endl;
  return ExitCodeOf(job->status().phase());
}

}  // namespace

void AddWaitCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<WaitOptions>();
  CLI::App& command = *app.add_subcommand("wait", "Wait until a job runs or has ended");
  command.add_option("job", options->job, "id or name")->required();
  command.add_option("--for", options->what, "running, or done (default)")
      ->check(CLI::IsMember({"running", "done"}));
  command.add_option("--timeout", options->timeout, "give up after, for example, 30m (default: never)");
  command.footer(
      "Exits 100 if the job failed, 103 if it was cancelled, 101 after the timeout.\n"
      "Example: simclrctl wait cifar10-rn18 --for=done --timeout 30m");
  OnSelected(command, context, [&context, options] { return Wait(context, *options); });
}

}  // namespace simclr::cli
