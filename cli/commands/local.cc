#include "cli/commands/local.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/local/local_cluster.h"
#include "cli/text.h"
#include "common/base/status_macros.h"
#include "common/job/text_tree.h"

namespace simclr::cli {
namespace {

struct UpOptions {
  LocalOptions cluster;
  double limit_seconds = 60;
  std::string context_name = "local";
};

absl::StatusOr<int> Up(const CommandContext& context, UpOptions options) {
  options.cluster.limit = absl::Seconds(options.limit_seconds);
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<LocalCluster> cluster, LocalCluster::Open(options.cluster));
  SIMCLR_RETURN_IF_ERROR(cluster->Start(options.cluster.limit));
  const ClusterLayout& layout = cluster->layout();
  SIMCLR_RETURN_IF_ERROR(SetContext(context.config_path, options.context_name,
                                    {cluster->cluster().address, layout.ca(), layout.token()}));
  SIMCLR_RETURN_IF_ERROR(UseContext(context.config_path, options.context_name));
  if (!cluster->left_address().empty()) {
    context.err << cluster->left_address() << " is taken by another process: the coordinator serves at "
                << cluster->cluster().address << " from now on" << std::endl;
  }
  context.err << "local cluster in " << layout.directory << ": coordinator at " << cluster->cluster().address
              << ", " << cluster->cluster().workers << " worker(s) registered; context '"
              << options.context_name << "' in " << context.config_path << std::endl;
  return kOk;
}

TextTree TreeOf(const TrainerEntry& trainer) {
  return TextTree::Object({{"job", TextTree::String(trainer.job)},
                           {"attempt", TextTree::Integer(trainer.attempt)},
                           {"rank", TextTree::Integer(trainer.rank)},
                           {"pid", TextTree::Integer(trainer.process.pid)}});
}

std::string StatusJson(const LocalStatus& status) {
  std::vector<TextTree> workers;
  for (const LocalStatus::WorkerProcess& worker : status.workers) {
    std::vector<TextTree> trainers;
    for (const TrainerEntry& trainer : worker.trainers) trainers.push_back(TreeOf(trainer));
    workers.push_back(TextTree::Object({{"name", TextTree::String(worker.name)},
                                        {"pid", TextTree::Integer(worker.pid)},
                                        {"trainers", TextTree::List(std::move(trainers))}}));
  }
  return WriteJson(
      TextTree::Object({{"coordinator", TextTree::Object({{"pid", TextTree::Integer(status.coordinator_pid)},
                                                          {"address", TextTree::String(status.address)}})},
                        {"workers", TextTree::List(std::move(workers))}}));
}

// That there is none is an answer to what was asked.
absl::StatusOr<std::unique_ptr<LocalCluster>> FindCluster(const std::string& directory) {
  absl::StatusOr<std::unique_ptr<LocalCluster>> found = LocalCluster::Find(directory);
  return absl::IsNotFound(found.status()) ? AsAnswer(found.status()) : std::move(found);
}

std::string PidText(pid_t pid) {
  return pid == 0 ? "-" : absl::StrCat(pid);
}

std::string StatusTable(const LocalStatus& status) {
  Table table({"PROCESS", "PID", "DETAIL"});
  table.AddRow({"coordinator", PidText(status.coordinator_pid), status.address});
  for (const LocalStatus::WorkerProcess& worker : status.workers) {
    table.AddRow({worker.name, PidText(worker.pid), ""});
    for (const TrainerEntry& trainer : worker.trainers) {
      table.AddRow({"  trainer", PidText(trainer.process.pid),
                    absl::StrCat(trainer.job, " attempt ", trainer.attempt, " rank ", trainer.rank)});
    }
  }
  return table.Text();
}

void AddUp(CLI::App& local, CommandContext& context) {
  const auto options = std::make_shared<UpOptions>();
  LocalOptions& cluster = options->cluster;
  CLI::App& up = *local.add_subcommand("up", "Start what is missing of a cluster and wait until it is ready");
  up.add_option("--dir", cluster.directory, "directory of the cluster")->required();
  up.add_option("--workers", cluster.workers, "number of workers (default: as before, else 1)")
      ->check(CLI::Range(1, 64));
  up.add_option("--slots", cluster.slots,
                "slots of each worker: a number, or auto for its GPUs (default: as before, else auto)");
  up.add_option("--threads-per-slot", cluster.threads_per_slot,
                "CPU threads of a trainer (default: cores / all slots)")
      ->check(CLI::Range(1, 4096));
  up.add_option("--data-root", cluster.data_roots,
                "directory that jobs may read; repeatable (default: as before, else /)");
  up.add_option("--trainer", cluster.trainer,
                "program to run as trainer (default: simclr-trainer beside simclrctl)");
  up.add_option("--timeout", options->limit_seconds,
                "seconds for each process to serve and for the workers to register");
  up.add_option("--context-name", options->context_name, "context to write into the context file");
  OnSelected(up, context, [&context, options] { return Up(context, *options); });
}

void AddStatus(CLI::App& local, CommandContext& context) {
  const auto directory = std::make_shared<std::string>();
  const auto format = std::make_shared<std::string>("table");
  CLI::App& status = *local.add_subcommand("status", "Show the processes of a cluster");
  status.add_option("--dir", *directory, "directory of the cluster")->required();
  status.add_option("-o,--output", *format, "table or json")->check(CLI::IsMember({"table", "json"}));
  OnSelected(status, context, [&context, directory, format]() -> absl::StatusOr<int> {
    SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<LocalCluster> cluster, FindCluster(*directory));
    const LocalStatus found = cluster->status();
    context.out << (*format == "json" ? StatusJson(found) : StatusTable(found));
    return kOk;
  });
}

void AddDown(CLI::App& local, CommandContext& context) {
  const auto directory = std::make_shared<std::string>();
  CLI::App& down = *local.add_subcommand("down", "Stop everything that was started; data stays");
  down.add_option("--dir", *directory, "directory of the cluster")->required();
  OnSelected(down, context, [&context, directory]() -> absl::StatusOr<int> {
    SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<LocalCluster> cluster, FindCluster(*directory));
    SIMCLR_RETURN_IF_ERROR(cluster->Stop());
    context.err << "local cluster in " << cluster->layout().directory << " is down" << std::endl;
    return kOk;
  });
}

}  // namespace

void AddLocalCommand(CLI::App& app, CommandContext& context) {
  CLI::App& local = *app.add_subcommand("local", "Run a whole cluster on this machine");
  local.require_subcommand(1);
  AddUp(local, context);
  AddStatus(local, context);
  AddDown(local, context);
}

}  // namespace simclr::cli
