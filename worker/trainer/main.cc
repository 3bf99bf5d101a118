#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/base/logging.h"
#include "common/base/used_up.h"
#include "engine/train/run.h"
#include "worker/trainer/build.h"
#include "worker/trainer/grpc_agent_link.h"
#include "worker/trainer/local_run.h"
#include "worker/trainer/run_end.h"
#include "worker/trainer/stop_signals.h"
#include "worker/trainer/trainer_run.h"

namespace simclr::trainer {
namespace {

struct Flags {
  std::string agent;
  std::string directory;
  RankIdentity identity;
  LocalRunOptions local;
};

int Finish(const engine::RunEnd& end) {
  if (!end.message.empty()) LogError(end.message);
  return ExitCode(end.end);
}

int ServeAgent(const Flags& flags) {
  absl::StatusOr<std::unique_ptr<AgentLink>> link = ConnectToAgent(flags.agent);
  if (!link.ok()) {
    LogError(absl::StrCat("cannot attach to the agent: ", link.status().message()));
    return ExitCode(engine::EndClass::kCrash);
  }
  return Finish(RunForAgent(flags.identity, **link));
}

int RunLocal(const Flags& flags) {
  const StopSignals stop;
  return Finish(RunLocally(flags.local, stop));
}

void PrintBuild() {
  std::puts(Build().c_str());
  throw CLI::Success();
}

int Main(int argc, char** argv) {
  Flags flags;
  flags.local.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  CLI::App app("Runs one rank of a SimCLR job: for an agent, or alone with --local.");
  app.set_version_flag("--version", [] { return engine::EngineFacts(); });
  app.add_flag_callback("--build", PrintBuild, "Print what all ranks of a job must have in common, and exit");
  CLI::Option* agent = app.add_option("--agent", flags.agent, "the agent's socket, unix:PATH");
  app.add_option("--job", flags.identity.job_id, "job id")->needs(agent);
  app.add_option("--attempt", flags.identity.attempt, "attempt of the job")->needs(agent);
  app.add_option("--rank", flags.identity.rank, "rank in the attempt")->needs(agent);
  app.add_option("--nonce", flags.identity.nonce, "of the placement of the attempt")->needs(agent);
  app.add_option("--dir", flags.directory, "directory of this trainer")->needs(agent);
  CLI::Option* local =
      app.add_option("--local", flags.local.job_file, "job file to run in this process")->excludes(agent);
  app.add_option("--out", flags.local.out, "where artifacts go, one folder a job")->needs(local);
  app.add_option("--set", flags.local.sets, "[JOB:]FIELD=VALUE changes a field of the job file")
      ->needs(local);
  app.add_option("--threads", flags.local.threads, "CPU threads; all cores by default")
      ->needs(local)
      ->check(CLI::Range(1, 1024));
  CLI11_PARSE(app, argc, argv);
  if (!flags.agent.empty()) return ServeAgent(flags);
  if (!flags.local.job_file.empty() && !flags.local.out.empty()) return RunLocal(flags);
  std::fputs("Give --local FILE --out DIR, or --agent ADDRESS with --job, --attempt, --rank and --dir.\n",
             stderr);
  return 2;
}

}  // namespace
}  // namespace simclr::trainer

int main(int argc, char** argv) {
  // The engine catches its own; this is a thread that reports, or the agent's link, that could not be had.
  try {
    return simclr::trainer::Main(argc, argv);
  } catch (const std::system_error& error) {
    const std::string used_up = simclr::UsedUp(error.code().value());
    simclr::LogError(
        absl::StrCat("the trainer cannot go on: ", error.what(), used_up.empty() ? "" : ": ", used_up));
    return simclr::trainer::ExitCode(used_up.empty() ? simclr::engine::EndClass::kCrash
                                                     : simclr::engine::EndClass::kResource);
  }
}
