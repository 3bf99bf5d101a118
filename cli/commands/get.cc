#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/commands/commands.h"
#include "cli/commands/get_jobs.h"
#include "cli/count_argument.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/text.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/job/enum_word.h"

namespace simclr::cli {
namespace {

struct GetOptions {
  std::string resource;
  std::string output = "table";
  GetJobsOptions jobs;  // its name may be that of another resource
};

template <typename Workers>
void PrintWorkers(std::ostream& out, OutputFormat format, const Workers& workers, Table& table) {
  for (const v1::Worker& worker : workers) {
    if (format == OutputFormat::kName) {
      out << worker.name() << "\n";
      continue;
    }
    int free = 0;
    for (const v1::Slot& slot : worker.slots()) {
      free += slot.usable() && !slot.has_excluded_until() && slot.job_id().empty() ? 1 : 0;
    }
    table.AddRow({worker.name(), EnumWord(worker.state()), absl::StrCat(worker.slots_size()),
                  absl::StrCat(free), Age(worker.last_seen()), OrDash(worker.address()),
                  OrDash(worker.version())});
  }
  if (format != OutputFormat::kName) out << table.Text();
}

absl::StatusOr<int> GetOneWorker(Client& client, std::ostream& out, OutputFormat format,
                                 const std::string& name, Table& table) {
  SIMCLR_ASSIGN_OR_RETURN(const v1::Worker worker, client.GetWorker(name));
  if (IsDocument(format)) {
    Print(out, format, worker);
  } else {
    PrintWorkers(out, format, std::vector<v1::Worker>{worker}, table);
  }
  return kOk;
}

absl::StatusOr<int> GetWorkers(Client& client, std::ostream& out, OutputFormat format,
                               const std::string& name) {
  Table table({"NAME", "STATE", "SLOTS", "FREE", "LAST SEEN", "ADDRESS", "VERSION"});
  if (!name.empty()) return GetOneWorker(client, out, format, name, table);
  ItemsWriter items(out, ItemsForm(format));
  SIMCLR_RETURN_IF_ERROR(client.ListWorkers([&](const v1::ListWorkersResponse& page) {
    if (IsDocument(format)) {
      for (const v1::Worker& worker : page.workers()) items.Add(worker);
    } else {
      PrintWorkers(out, format, page.workers(), table);
    }
    return out.good();
  }));
  if (IsDocument(format)) items.End();
  return kOk;
}

absl::StatusOr<int> GetCheckpoints(Client& client, std::ostream& out, OutputFormat format,
                                   const std::string& job) {
  if (job.empty()) return UsageError("whose checkpoints? write simclrctl get checkpoints JOB");
  SIMCLR_ASSIGN_OR_RETURN(const v1::ListCheckpointsResponse list, client.ListCheckpoints(job));
  if (IsDocument(format)) {
    PrintItems(out, format, list.checkpoints());
    return kOk;
  }
  Table table({"STEP", "ATTEMPT", "SIZE", "COMMITTED", "RETIRED", "PATH"});
  for (const v1::Checkpoint& checkpoint : list.checkpoints()) {
    if (format == OutputFormat::kName) {
      out << checkpoint.path() << "\n";
      continue;
    }
    table.AddRow({absl::StrCat(checkpoint.step()), absl::StrCat(checkpoint.attempt()),
                  ShortBytes(checkpoint.bytes()), LocalTime(checkpoint.committed_at()),
                  checkpoint.retired() ? "yes" : "no", checkpoint.path()});
  }
  if (format != OutputFormat::kName) out << table.Text();
  return kOk;
}

absl::StatusOr<int> Get(const CommandContext& context, const GetOptions& options) {
  const bool jobs = options.resource == "job" || options.resource == "jobs";
  if (options.jobs.watch && !jobs) return UsageError("-w watches jobs only; leave it out");
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Client::Connect(context));
  const OutputFormat format = ParseOutputFormat(options.output);
  if (jobs) return GetJobs(*client, context, format, options.jobs);
  if (options.resource == "worker" || options.resource == "workers") {
    return GetWorkers(*client, context.out, format, options.jobs.name);
  }
  return GetCheckpoints(*client, context.out, format, options.jobs.name);
}

}  // namespace

void AddGetCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<GetOptions>();
  CLI::App& command = *app.add_subcommand("get", "List jobs, workers or a job's checkpoints");
  command.add_option("resource", options->resource, "jobs, workers or checkpoints")
      ->required()
      ->check(CLI::IsMember({"job", "jobs", "worker", "workers", "checkpoint", "checkpoints"}));
  command.add_option("name", options->jobs.name, "one job or worker; the job of the checkpoints");
  command.add_option("-o,--output", options->output, "table, wide, json, yaml or name")
      ->check(CLI::IsMember({"table", "wide", "json", "yaml", "name"}));
  command.add_flag("-w,--watch", options->jobs.watch, "go on with every change of jobs");
  AddJobFilters(command, options->jobs.filter);
  command.add_option("--limit", options->jobs.limit, "at most so many jobs")->check(AtLeast(1));
  command.add_flag("--newest-first", options->jobs.newest_first,
                   "jobs in this order in place of submit order");
  command.footer("Example: simclrctl get jobs --phase FAILED --since 7d --mine -o wide");
  OnSelected(command, context, [&context, options] { return Get(context, *options); });
}

}  // namespace simclr::cli
