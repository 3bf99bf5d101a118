// bench-write-state DIR [--ended N] [--queued N] [--all-events]: a coordinator's data directory with a past.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "absl/time/clock.h"
#include "bench/control_plane/state_db.h"

int main(int argc, char** argv) {
  CLI::App app("Writes a coordinator's data directory that holds many jobs.", "bench-write-state");
  std::string directory;
  simclr::bench::HistoryOptions history;
  simclr::bench::StateDbOptions options;
  history.ended = 100'000;
  app.add_option("directory", directory, "holds state.db afterwards")->required();
  app.add_option("--ended", history.ended, "jobs that have ended")->capture_default_str();
  app.add_option("--queued", history.queued, "jobs that wait")->capture_default_str();
  app.add_option("--seed", history.seed, "another seed gives other jobs")->capture_default_str();
  app.add_flag("--all-events", options.all_events, "also the events that the snapshot holds");
  CLI11_PARSE(app, argc, argv);
  history.now = absl::Now();
  const absl::Status written =
      simclr::bench::WriteStateDb(directory, simclr::bench::History(history), options);
  if (!written.ok()) std::cerr << "bench-write-state: " << written.message() << std::endl;
  return written.ok() ? 0 : 1;
}
