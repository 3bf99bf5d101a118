#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/absolute_paths.h"
#include "cli/client.h"
#include "cli/commands/commands.h"
#include "cli/exit_code.h"
#include "cli/follow.h"
#include "cli/output.h"
#include "cli/repeat.h"
#include "cli/watch.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/job/defaults.h"
#include "common/job/job_file.h"
#include "common/job/validate.h"

namespace simclr::cli {
namespace {

struct SubmitOptions {
  std::string file;
  std::vector<std::string> sets;
  bool follow = false;
  bool wait = false;
  bool dry_run = false;
  std::string request_id;
  std::string output = "table";
};

// A job of the file, and where in the file the job stands that it comes after.
struct Entry {
  v1::JobSpec spec;
  std::optional<std::size_t> after;
};

std::optional<std::size_t> IndexOf(const std::vector<Entry>& entries, const std::string& name) {
  for (std::size_t i = 0; i < entries.size() && !name.empty(); ++i) {
    if (entries[i].spec.name() == name) return i;
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<Entry>> ReadEntries(const SubmitOptions& options) {
  SIMCLR_ASSIGN_OR_RETURN(const std::string text, ReadJobFile(options.file));
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<v1::JobSpec> specs,
                          ParseJobFile(text, options.file, options.sets));
  const std::string directory = std::filesystem::current_path().string();
  std::vector<Entry> entries;
  for (const v1::JobSpec& written : specs) {
    Entry entry{WithAbsolutePaths(written, directory), IndexOf(entries, written.after())};
    if (entry.after) entry.spec = WithSplitOf(WithDefaults(entries[*entry.after].spec), entry.spec);
    entries.push_back(std::move(entry));
  }
  return entries;
}

// What can be found wrong here is said with the job's name before anybody is asked. A job after one that the
// coordinator knows is checked there only: it alone knows what is taken from that job.
absl::Status ValidateEntry(const Entry& entry) {
  if (!entry.spec.after().empty() && !entry.after) return absl::OkStatus();
  const v1::JobSpec spec = WithDefaults(entry.spec);
  const absl::Status status = ValidateSpec(spec);
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("job '", spec.name(), "': ", status.message()));
}

absl::StatusOr<v1::SubmitJobsRequest> ToRequest(const SubmitOptions& options,
                                                const std::vector<Entry>& entries) {
  v1::SubmitJobsRequest request;
  for (const Entry& entry : entries) {
    SIMCLR_RETURN_IF_ERROR(ValidateEntry(entry));
    *request.add_specs() = entry.spec;
  }
  request.set_validate_only(options.dry_run);
  request.set_request_id(options.request_id.empty() ? HexId(RandomBits()) : options.request_id);
  return request;
}

void PrintSubmitted(const CommandContext& context, const SubmitOptions& options,
                    const v1::SubmitJobsResponse& submitted) {
  for (const v1::SubmittedJob& job : submitted.jobs()) {
    if (options.output == "name") context.out << job.id() << "\n";
    if (options.output != "table") continue;
    const bool gone = job.phase() == v1::PHASE_UNSPECIFIED;
    context.out << "job " << job.id() << " (" << Printable(job.name()) << ") "
                << (gone ? "was submitted before, and deleted" : "submitted") << "\n";
  }
  context.out.flush();
}

void PrintJobs(const CommandContext& context, const std::string& output, const std::vector<v1::Job>& jobs) {
  const OutputFormat format = ParseOutputFormat(output);
  if (jobs.size() == 1) return Print(context.out, format, jobs[0]);
  PrintItems(context.out, format, jobs);
}

bool IsStructured(const SubmitOptions& options) {
  return options.output == "json" || options.output == "yaml";
}

absl::Status PrintWhole(Client& client, const CommandContext& context, const SubmitOptions& options,
                        const v1::SubmitJobsResponse& submitted) {
  std::vector<v1::Job> jobs;
  for (const v1::SubmittedJob& job : submitted.jobs()) {
    SIMCLR_ASSIGN_OR_RETURN(jobs.emplace_back(), client.GetJob(job.id()));
  }
  PrintJobs(context, options.output, jobs);
  context.out.flush();
  return absl::OkStatus();
}

absl::StatusOr<v1::Job> AwaitEnd(Client& client, const CommandContext& context, bool follow,
                                 const std::string& job) {
  if (follow) return FollowJob(client, context, job);
  SIMCLR_ASSIGN_OR_RETURN(const std::optional<v1::Job> ended,
                          WatchUntil(client, job, absl::InfiniteFuture(),
                                     [](const v1::Job& now) { return IsEnded(now.status().phase()); }));
  return *ended;
}

// A failure is worse than a cancelled job, and that is worse than success.
int Worse(int a, int b) {
  if (a == kOk || b == kOk) return std::max(a, b);
  return std::min(a, b);
}

absl::StatusOr<int> AwaitAll(Client& client, const CommandContext& context, bool follow,
                             const v1::SubmitJobsResponse& submitted) {
  if (follow) context.err << "Ctrl-C stops following; the job goes on" << std::endl;
  int worst = kOk;
  for (const v1::SubmittedJob& job : submitted.jobs()) {
    SIMCLR_ASSIGN_OR_RETURN(const v1::Job ended, AwaitEnd(client, context, follow, job.id()));
    worst = Worse(worst, ExitCodeOf(ended.status().phase()));
  }
  return worst;
}

void PrintValid(const CommandContext& context, const SubmitOptions& options,
                const std::vector<Entry>& entries) {
  std::vector<v1::Job> jobs;
  for (const Entry& entry : entries) {
    *jobs.emplace_back().mutable_spec() = WithDefaults(entry.spec);
    context.err << "job '" << jobs.back().spec().name() << "' is valid; nothing was submitted" << std::endl;
  }
  if (IsStructured(options)) PrintJobs(context, options.output, jobs);
}

absl::StatusOr<int> Submit(const CommandContext& context, const SubmitOptions& options) {
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<Entry> entries, ReadEntries(options));
  SIMCLR_ASSIGN_OR_RETURN(const v1::SubmitJobsRequest request, ToRequest(options, entries));
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Client::Connect(context));
  const absl::StatusOr<v1::SubmitJobsResponse> submitted = client->SubmitJobs(request);
  SIMCLR_RETURN_IF_ERROR(options.dry_run
                             ? submitted.status()
                             : OrRepeat(submitted.status(), context.command_line, request.request_id()));
  if (options.dry_run) {
    PrintValid(context, options, entries);
    return kOk;
  }
  PrintSubmitted(context, options, *submitted);
  if (IsStructured(options)) SIMCLR_RETURN_IF_ERROR(PrintWhole(*client, context, options, *submitted));
  if (options.follow || options.wait) return AwaitAll(*client, context, options.follow, *submitted);
  if (options.output == "table") {
    const std::string& first = submitted->jobs(0).id();
    context.err << "next: simclrctl describe " << first << ", or simclrctl logs -f " << first << std::endl;
  }
  return kOk;
}

}  // namespace

void AddSubmitCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<SubmitOptions>();
  CLI::App& command = *app.add_subcommand("submit", "Submit the jobs of a file");
  command.add_option("-f,--file", options->file, "job file, or - for standard input")->required();
  command.add_option("--set", options->sets, "change a field: a.b=v, or NAME:a.b=v in the job of that name")
      ->allow_extra_args(false);
  auto* follow =
      command.add_flag("--follow", options->follow, "show the progress of all jobs until they end");
  command.add_flag("--wait", options->wait, "wait until all jobs have ended; exit with the worst code")
      ->excludes(follow);
  command.add_flag("--dry-run", options->dry_run, "check everything, submit nothing");
  command.add_option("--request-id", options->request_id,
                     "submit at most once under this id; the file is one request: all jobs, or none");
  command.add_option("-o,--output", options->output, "name (ids only), json or yaml")
      ->check(CLI::IsMember({"table", "name", "json", "yaml"}));
  command.footer("Example: simclrctl submit -f job.yaml --set train.epochs=10 --follow");
  OnSelected(command, context, [&context, options] { return Submit(context, *options); });
}

}  // namespace simclr::cli
