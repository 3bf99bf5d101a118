// bench-control-plane: drives a coordinator from outside and prints what it does a second, how long calls
// take and what it costs. --programs may be those of any commit, so that two can be compared on one machine.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bench/control_plane/machine.h"
#include "bench/control_plane/rows.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"

namespace simclr::bench {
namespace {

constexpr int kPeople = 64;

struct Arguments {
  BenchOptions options;
  std::vector<std::string> rows;
  std::string parent;  // of the scratch directory
  std::string out;
  std::string beside;
  double window_seconds = 5;
  unsigned limit_seconds = 900;
};

Arguments Parse(CLI::App& app, int argc, char** argv) {
  Arguments arguments;
  arguments.parent = std::filesystem::temp_directory_path().string();
  arguments.options.slow_sync =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "slow_sync.so").string();
  app.add_option("--programs", arguments.options.programs, "folder of simclr-coordinator and simclrctl")
      ->required();
  app.add_option("--rows", arguments.rows, "only these rows, separated by commas")->delimiter(',');
  app.add_option("--out", arguments.out, "also write the figures there, as JSON");
  app.add_option("--beside", arguments.beside, "print the figures of this earlier --out in a second column");
  app.add_option("--dir", arguments.parent, "a directory on the disk to measure")->capture_default_str();
  app.add_option("--ended", arguments.options.ended, "ended jobs")->capture_default_str();
  app.add_option("--queued", arguments.options.queued, "queued jobs")->capture_default_str();
  app.add_option("--window", arguments.window_seconds, "seconds of one measurement")->capture_default_str();
  app.add_option("--limit", arguments.limit_seconds, "seconds for everything")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  arguments.options.window = absl::Seconds(arguments.window_seconds);
  return arguments;
}

absl::StatusOr<std::vector<Row>> Chosen(const std::vector<std::string>& names) {
  std::vector<Row> chosen;
  for (const Row& row : Rows()) {
    if (names.empty() || std::count(names.begin(), names.end(), row.name) > 0) chosen.push_back(row);
  }
  if (!names.empty() && chosen.size() != names.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--rows is ", absl::StrJoin(names, ","), "; the rows are ",
        absl::StrJoin(Rows(), ", ", [](std::string* out, const Row& row) { out->append(row.name); })));
  }
  return chosen;
}

// Ends everything at a signal or when the time is over: coordinators die with the thread that started them.
void CleanUpAtSignal(const std::string& scratch, unsigned limit_seconds) {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGALRM}) ::sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::alarm(limit_seconds);
  std::thread([signals, scratch] {
    int signal = 0;
    ::sigwait(&signals, &signal);
    std::cerr << (signal == SIGALRM ? "the time limit is over" : "stopped") << std::endl;
    PosixFileSystem().RemoveAll(scratch).IgnoreError();
    ::_exit(1);
  }).detach();
}

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

absl::Status RunRows(Bench& bench, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    bench.report.BeginRow(row.name, row.title);
    CoordinatorSetup setup;
    setup.programs = bench.options.programs;
    setup.directory = JoinPath(bench.options.scratch, row.name);
    setup.pki = &bench.pki;
    const absl::Status status = row.run(bench, setup);
    if (!status.ok()) bench.report.AddMissing("the row ended early", status.message());
    SIMCLR_RETURN_IF_ERROR(PosixFileSystem().RemoveAll(setup.directory));
  }
  return absl::OkStatus();
}

absl::StatusOr<Bench> MakeBench(const Arguments& arguments) {
  const BenchOptions& options = arguments.options;
  SIMCLR_ASSIGN_OR_RETURN(BenchPki pki, BenchPki::Create(JoinPath(options.scratch, "pki"), kPeople));
  Bench bench{options, std::move(pki), Report()};
  if (!arguments.beside.empty()) {
    SIMCLR_ASSIGN_OR_RETURN(const std::string json, PosixFileSystem().Read(arguments.beside));
    SIMCLR_RETURN_IF_ERROR(bench.report.SetBeside(json));
  }
  Report::Facts facts = MachineFacts(options.scratch);
  facts.emplace_back("programs", options.programs);
  facts.emplace_back("window", absl::FormatDuration(options.window));
  bench.report.SetFacts(std::move(facts));
  return bench;
}

absl::Status Measure(const Arguments& arguments, const std::vector<Row>& rows) {
  SIMCLR_ASSIGN_OR_RETURN(Bench bench, MakeBench(arguments));
  SIMCLR_RETURN_IF_ERROR(RunRows(bench, rows));
  bench.report.Add("load at the end", LoadAverage(), "");
  return arguments.out.empty() ? absl::OkStatus()
                               : PosixFileSystem().Write(arguments.out, bench.report.Json());
}

absl::Status Run(Arguments arguments) {
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<Row> rows, Chosen(arguments.rows));
  BenchOptions& options = arguments.options;
  options.programs = std::filesystem::absolute(options.programs).string();
  options.scratch = JoinPath(arguments.parent, absl::StrCat("bench-control-plane-", ::getpid()));
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().MakeDirectories(options.scratch));
  CleanUpAtSignal(options.scratch, arguments.limit_seconds);
  const absl::Status measured = Measure(arguments, rows);
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().RemoveAll(options.scratch));
  return measured;
}

}  // namespace
}  // namespace simclr::bench

int main(int argc, char** argv) {
  CLI::App app("Measures the control plane of a SimCLR cluster.", "bench-control-plane");
  simclr::bench::RaiseDescriptorLimit();
  const absl::Status status = simclr::bench::Run(simclr::bench::Parse(app, argc, argv));
  if (!status.ok()) std::cerr << "bench-control-plane: " << status.message() << std::endl;
  return status.ok() ? 0 : 1;
}
