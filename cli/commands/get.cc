#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/client.h"
#include "cli/commands/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/text.h"
#include "cli/watch.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/job/render.h"

namespace simclr::cli {
namespace {

struct GetOptions {
  std::string resource;
  std::string name;
  std::string output = "table";
  bool watch = false;
};

std::string Steps(const v1::JobStatus& status) {
  return status.total_steps() > 0 ? absl::StrCat(status.step(), "/", status.total_steps()) : "-";
}

std::string Age(const google::protobuf::Timestamp& since) {
  const absl::Time start = ToTime(since);
  return start == absl::InfinitePast() ? "-" : ShortDuration(absl::Now() - start);
}

std::vector<std::string> JobHeader(bool wide) {
  std::vector<std::string> header = {"ID", "NAME", "PHASE", "STEP", "ATTEMPT", "AGE", "REASON"};
  if (wide) header.insert(header.end(), {"KIND", "RANKS", "EPOCH", "RESTARTS", "OWNER"});
  return header;
}

std::vector<std::string> JobRow(const v1::Job& job, bool wide) {
  const v1::JobStatus& status = job.status();
  std::vector<std::string> row = {job.id(),
                                  job.spec().name(),
                                  EnumWord(status.phase()),
                                  Steps(status),
                                  absl::StrCat(status.attempt()),
                                  Age(status.submitted_at()),
                                  OrDash(EnumWord(status.reason()))};
  if (wide) {
    row.insert(row.end(), {EnumWord(job.spec().kind()), absl::StrCat(job.spec().resources().ranks()),
                           absl::StrFormat("%.1f", status.epoch()), absl::StrCat(status.restarts()),
                           OrDash(job.owner())});
  }
  return row;
}

template <typename Jobs>
void PrintJobTable(std::ostream& out, OutputFormat format, const Jobs& jobs) {
  if (format == OutputFormat::kName) {
    for (const v1::Job& job : jobs) out << job.id() << "\n";
    return;
  }
  const bool wide = format == OutputFormat::kWide;
  Table table(JobHeader(wide));
  for (const v1::Job& job : jobs) table.AddRow(JobRow(job, wide));
  out << table.Text();
}

bool IsDocument(OutputFormat format) {
  return format == OutputFormat::kJson || format == OutputFormat::kYaml;
}

absl::StatusOr<int> GetOneJob(Client& client, std::ostream& out, OutputFormat format,
                              const std::string& name) {
  SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, client.GetJob(name));
  if (IsDocument(format)) {
    Print(out, format, job);
  } else {
    PrintJobTable(out, format, std::vector<v1::Job>{job});
  }
  return kOk;
}

// A line, or a document, at every change; ends with the job where one is named.
absl::StatusOr<int> WatchJobTable(Client& client, std::ostream& out, OutputFormat format,
                                  const std::string& name) {
  if (!IsDocument(format) && format != OutputFormat::kName)
    out << "ID  NAME  PHASE  STEP  ATTEMPT  AGE  REASON\n";
  std::vector<std::string> jobs;
  if (!name.empty()) jobs.push_back(name);
  SIMCLR_RETURN_IF_ERROR(WithReconnect(client, {}, kOutageLimit, [&](const std::function<void()>& answered) {
    return client.WatchJobs(jobs, {}, absl::InfiniteFuture(), [&](const v1::Job& job) {
      answered();
      if (IsDocument(format)) {
        Print(out, format, job);
      } else {
        const auto row = JobRow(job, format == OutputFormat::kWide);
        for (const std::string& cell : row) out << Printable(cell) << (&cell == &row.back() ? "\n" : "  ");
      }
      out.flush();
      return out.good() && (name.empty() || !IsEnded(job.status().phase()));
    });
  }));
  return kOk;
}

absl::StatusOr<int> GetJobs(Client& client, std::ostream& out, OutputFormat format,
                            const GetOptions& options) {
  if (options.watch) return WatchJobTable(client, out, format, options.name);
  if (!options.name.empty()) return GetOneJob(client, out, format, options.name);
  SIMCLR_ASSIGN_OR_RETURN(const v1::ListJobsResponse list, client.ListJobs());
  if (IsDocument(format)) {
    PrintItems(out, format, list.jobs());
  } else {
    PrintJobTable(out, format, list.jobs());
  }
  return kOk;
}

void PrintWorkerTable(std::ostream& out, OutputFormat format, const std::vector<v1::Worker>& workers) {
  Table table({"NAME", "STATE", "SLOTS", "FREE", "LAST SEEN", "ADDRESS", "VERSION"});
  for (const v1::Worker& worker : workers) {
    if (format == OutputFormat::kName) {
      out << worker.name() << "\n";
      continue;
    }
    int free = 0;
    for (const v1::Slot& slot : worker.slots()) free += slot.usable() && slot.job_id().empty() ? 1 : 0;
    table.AddRow({worker.name(), EnumWord(worker.state()), absl::StrCat(worker.slots_size()),
                  absl::StrCat(free), Age(worker.last_seen()), OrDash(worker.address()),
                  OrDash(worker.version())});
  }
  if (format != OutputFormat::kName) out << table.Text();
}

absl::StatusOr<int> GetWorkers(Client& client, std::ostream& out, OutputFormat format,
                               const std::string& name) {
  std::vector<v1::Worker> workers;
  if (name.empty()) {
    SIMCLR_ASSIGN_OR_RETURN(const v1::ListWorkersResponse list, client.ListWorkers());
    workers.assign(list.workers().begin(), list.workers().end());
  } else {
    SIMCLR_ASSIGN_OR_RETURN(workers.emplace_back(), client.GetWorker(name));
  }
  if (!IsDocument(format)) {
    PrintWorkerTable(out, format, workers);
  } else if (name.empty()) {
    PrintItems(out, format, workers);
  } else {
    Print(out, format, workers[0]);
  }
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
  if (options.watch && !jobs) return UsageError("-w watches jobs only; leave it out");
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Client::Connect(context));
  const OutputFormat format = ParseOutputFormat(options.output);
  if (jobs) return GetJobs(*client, context.out, format, options);
  if (options.resource == "worker" || options.resource == "workers") {
    return GetWorkers(*client, context.out, format, options.name);
  }
  return GetCheckpoints(*client, context.out, format, options.name);
}

}  // namespace

void AddGetCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<GetOptions>();
  CLI::App& command = *app.add_subcommand("get", "List jobs, workers or a job's checkpoints");
  command.add_option("resource", options->resource, "jobs, workers or checkpoints")
      ->required()
      ->check(CLI::IsMember({"job", "jobs", "worker", "workers", "checkpoint", "checkpoints"}));
  command.add_option("name", options->name, "one job or worker; the job of the checkpoints");
  command.add_option("-o,--output", options->output, "table, wide, json, yaml or name")
      ->check(CLI::IsMember({"table", "wide", "json", "yaml", "name"}));
  command.add_flag("-w,--watch", options->watch, "go on with every change");
  command.footer("Example: simclrctl get jobs -o wide");
  OnSelected(command, context, [&context, options] { return Get(context, *options); });
}

}  // namespace simclr::cli
