#include "coordinator/commands.h"

#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "coordinator/file_commands.h"
#include "coordinator/store/check.h"
#include "coordinator/store/data_directory.h"
#include "coordinator/store/repair.h"

namespace simclr::coordinator {
namespace {

int Fail(const absl::Status& status) {
  std::cerr << "simclr-coordinator: " << status.message() << std::endl;
  return 1;
}

int Check(const DataPaths& paths) {
  const absl::StatusOr<CheckReport> report = CheckDataDirectory(paths);
  if (!report.ok()) return Fail(report.status());
  for (const std::string& fact : report->facts) std::cout << fact << "\n";
  for (const std::string& finding : report->findings) std::cout << "WRONG: " << finding << "\n";
  std::cout << (report->findings.empty() ? "sound\n"
                                         : "not sound; 'simclr-coordinator repair' keeps what is\n");
  return report->findings.empty() ? 0 : 1;
}

int Repair(const DataPaths& paths, const std::set<std::int64_t>& skip) {
  const absl::StatusOr<RepairReport> report = RepairDataDirectory(paths, skip, absl::Now());
  if (!report.ok()) return Fail(report.status());
  if (report->kept_as.empty()) {
    std::cout << "nothing to repair\n";
    return 0;
  }
  for (const std::string& loss : report->losses) std::cout << "LOST: " << loss << "\n";
  std::cout << "repaired; the database as it was: " << report->kept_as << "\n";
  return 0;
}

}  // namespace

CLI::App* Commands::AddCommand(CLI::App& app, const std::string& name, const std::string& help) {
  CLI::App* command = app.add_subcommand(name, help);
  command->add_option("--data-dir", data_directory_, "own directory of a coordinator that does not run")
      ->required();
  command->preparse_callback([&app](std::size_t) {
    for (CLI::Option* option : app.get_options()) option->required(false);
  });
  return command;
}

void Commands::AddTo(CLI::App& app) {
  app.require_subcommand(0, 1);
  check_ = AddCommand(app, "check", "read all of a data directory and list what is wrong; writes nothing");
  repair_ = AddCommand(app, "repair", "keep what can be read and fits; the database as it was stays beside");
  repair_->add_option("--skip", skip_,
                      "revision of an event to take out; its job ends as failed; may be repeated");
  adopt_ = AddCommand(app, "adopt", "after a restore: commit the newer checkpoints on disk, or give them up");
  auto* jobs = adopt_->add_option("job", jobs_, "ids or names of open jobs; more may follow");
  auto* all =
      adopt_->add_flag("--all", all_, "of all open jobs; then files are collected again")->excludes(jobs);
  adopt_->add_flag("--none", none_, "give them all up; then files are collected again")
      ->excludes(jobs)
      ->excludes(all);
  collect_ = AddCommand(app, "collect", "list what the collector would remove, and what it does not know");
  collect_->add_flag("--dry-run", dry_run_, "remove nothing")->required();
  for (CLI::App* command : {adopt_, collect_}) {
    command->add_option("--artifacts", artifacts_, "artifact root, which the agents share")->required();
  }
}

std::optional<int> Commands::Run() const {
  if (adopt_->parsed()) {
    if (!all_ && !none_ && jobs_.empty()) {
      return Fail(absl::InvalidArgumentError("of which jobs? write adopt JOB..., --all or --none"));
    }
    const absl::Status adopted = AdoptCommand(data_directory_, artifacts_, {jobs_, none_}, std::cout);
    return adopted.ok() ? 0 : Fail(adopted);
  }
  if (collect_->parsed()) {
    const absl::Status listed = CollectCommand(data_directory_, artifacts_, std::cout);
    return listed.ok() ? 0 : Fail(listed);
  }
  const bool check = check_->parsed();
  if (!check && !repair_->parsed()) return std::nullopt;
  const absl::StatusOr<FileLock> lock = LockDataDirectory(data_directory_);
  if (!lock.ok()) return Fail(lock.status());
  const DataPaths paths(data_directory_);
  return check ? Check(paths) : Repair(paths, skip_);
}

}  // namespace simclr::coordinator
