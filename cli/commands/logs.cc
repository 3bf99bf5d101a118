#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/commands/commands.h"
#include "cli/count_argument.h"
#include "cli/exit_code.h"
#include "cli/watch.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/job/enum_word.h"

namespace simclr::cli {
namespace {

struct LogsOptions {
  std::string job;
  bool follow = false;
  int rank = 0;
  int attempt = 0;  // 0: the newest
  std::int64_t tail = 0;
};

absl::Status CopyLog(Client& client, const CommandContext& context, const LogsOptions& options,
                     const v1::Job& job, int attempt) {
  v1::ReadLogRequest request;
  request.set_job(job.id());
  request.set_attempt(attempt);
  request.set_rank(options.rank);
  request.set_follow(options.follow);
  request.set_tail_lines(options.tail);
  return WithReconnect(client, {}, kOutageLimit, [&](const std::function<void()>& answered) {
    return client.ReadLog(request, [&](const v1::LogChunk& chunk) {
      answered();
      const std::int64_t lost = request.tail_lines() > 0 ? 0 : chunk.offset() - request.offset();
      if (lost > 0) context.err << "[" << lost << " bytes of the log were rotated away]" << std::endl;
      context.out.write(chunk.data().data(), static_cast<std::streamsize>(chunk.data().size()));
      context.out.flush();
      // An interrupted copy goes on where it was.
      request.set_tail_lines(0);
      request.set_offset(chunk.offset() + static_cast<std::int64_t>(chunk.data().size()));
      return context.out.good();
    });
  });
}

absl::StatusOr<int> PrintOnce(Client& client, const CommandContext& context, const LogsOptions& options) {
  SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, client.GetJob(options.job));
  const int attempt = options.attempt == 0 ? job.status().attempt() : options.attempt;
  if (attempt == 0) {
    return AsAnswer(absl::NotFoundError(
        absl::StrCat("job ", job.id(), " has no log yet: it is ", EnumWord(job.status().phase()), " (",
                     EnumWord(job.status().reason()), "); logs -f waits for it")));
  }
  SIMCLR_RETURN_IF_ERROR(CopyLog(client, context, options, job, attempt));
  return kOk;
}

// The log of the named attempt, or of the present one; then of each attempt that follows, until the job ends.
absl::StatusOr<int> Follow(Client& client, const CommandContext& context, LogsOptions options) {
  int next = std::max(options.attempt, 1);
  while (true) {
    SIMCLR_ASSIGN_OR_RETURN(const std::optional<v1::Job> job,
                            WatchUntil(client, options.job, absl::InfiniteFuture(), [&](const v1::Job& now) {
                              return now.status().attempt() >= next || IsEnded(now.status().phase());
                            }));
    const int newest = job->status().attempt();
    if (newest < next) return ExitCodeOf(job->status().phase());
    const bool named = next == options.attempt;
    const int attempt = named ? next : newest;
    options.job = job->id();
    const absl::Status copied = CopyLog(client, context, options, *job, attempt);
    // Of an attempt whose agent died there may be no log; the job goes on all the same.
    const bool only_missing = absl::IsNotFound(copied) && options.rank < job->spec().resources().ranks();
    if (!copied.ok() && !only_missing) return copied;
    if (only_missing) context.err << PrintableLines(copied.message()) << std::endl;
    if (!context.out.good()) return kError;
    next = attempt + 1;
    options.tail = 0;
  }
}

absl::StatusOr<int> Logs(const CommandContext& context, const LogsOptions& options) {
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Client::Connect(context));
  return options.follow ? Follow(*client, context, options) : PrintOnce(*client, context, options);
}

}  // namespace

void AddLogsCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<LogsOptions>();
  CLI::App& command = *app.add_subcommand("logs", "Print the log of a job's trainer");
  command.add_option("job", options->job, "id or name")->required();
  command.add_flag("-f,--follow", options->follow,
                   "go on until the job ends; exit 100 if it failed, 103 if cancelled");
  command.add_option("--rank", options->rank, "whose log (default 0)")->check(AtLeast(0));
  command.add_option("--attempt", options->attempt, "of which attempt (default: the newest)")
      ->check(AtLeast(1));
  command.add_option("--tail", options->tail, "only the last lines")->check(AtLeast(1));
  command.footer("Example: simclrctl logs -f cifar10-rn18 --rank 1");
  OnSelected(command, context, [&context, options] { return Logs(context, *options); });
}

}  // namespace simclr::cli
