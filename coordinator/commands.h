#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace simclr::coordinator {

// The subcommands of simclr-coordinator, which work on the data directory of a coordinator that does not run:
//   check --data-dir DIR
//       reads everything and lists what is wrong; exit 1 where something is
//   repair --data-dir DIR [--skip REVISION]
//       keeps what can be read and fits, so that a coordinator starts on it
//   adopt JOB...|--all|--none --data-dir DIR --artifacts DIR
//       after a restore: commits the newer checkpoints on disk, or gives them up
//   collect --dry-run --data-dir DIR --artifacts DIR
//       lists what the collector would remove, and what it does not know; the coordinator may run
class Commands {
 public:
  // Flags that are required of a coordinator that serves are not with a subcommand. `app` and this outlive
  // the parsing.
  void AddTo(CLI::App& app);

  // Runs the subcommand that was given, if any: its exit status.
  std::optional<int> Run() const;

 private:
  CLI::App* AddCommand(CLI::App& app, const std::string& name, const std::string& help);

  CLI::App* check_ = nullptr;
  CLI::App* repair_ = nullptr;
  CLI::App* adopt_ = nullptr;
  CLI::App* collect_ = nullptr;
  std::string data_directory_;
  std::set<std::int64_t> skip_;
  std::string artifacts_;
  std::vector<std::string> jobs_;
  bool all_ = false;
  bool none_ = false;
  bool dry_run_ = false;
};

}  // namespace simclr::coordinator
