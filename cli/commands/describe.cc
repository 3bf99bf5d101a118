#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "cli/client.h"
#include "cli/commands/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/text.h"
#include "cli/timeline.h"
#include "cli/watch.h"
#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/job/enum_word.h"
#include "common/job/render.h"

namespace simclr::cli {
namespace {

// Further lines of a value are indented, so that none of them looks like a field.
void Field(std::ostream& out, absl::string_view name, absl::string_view value) {
  constexpr int kColumn = 14;
  const std::string lines =
      absl::StrReplaceAll(PrintableLines(value), {{"\n", absl::StrCat("\n", std::string(kColumn, ' '))}});
  out << absl::StrFormat("%-*s%s\n", kColumn, absl::StrCat(name, ":"), OrDash(lines));
}

void PrintStatus(std::ostream& out, const v1::Job& job) {
  const v1::JobStatus& status = job.status();
  Field(out, "Phase", EnumWord(status.phase()));
  Field(out, "Reason", EnumWord(status.reason()));
  if (status.failure() != v1::FAILURE_CLASS_UNSPECIFIED) Field(out, "Failure", EnumWord(status.failure()));
  Field(out, "Message", status.message());
  Field(out, "Step",
        absl::StrFormat("%d of %d, epoch %.2f", status.step(), status.total_steps(), status.epoch()));
  Field(out, "Attempt",
        absl::StrFormat("%d, resumed from step %d", status.attempt(), status.resumed_from_step()));
  Field(out, "Restarts",
        absl::StrFormat("%d of %d", status.restarts(), job.spec().schedule().max_restarts()));
  Field(out, "Precision", status.precision());
  Field(out, "Submitted", LocalTime(status.submitted_at()));
  Field(out, "Started", LocalTime(status.started_at()));
  Field(out, "Ended", LocalTime(status.ended_at()));
  if (status.has_not_before() && !IsEnded(status.phase())) {
    Field(out, "Not before", LocalTime(status.not_before()));
  }
}

void PrintPlacement(std::ostream& out, const v1::JobStatus& status) {
  if (status.placement_size() == 0) return;
  out << "\nPlacement:\n";
  Table table({"  RANK", "WORKER", "SLOT"});
  for (const v1::Placement& place : status.placement()) {
    table.AddRow({absl::StrCat("  ", place.rank()), place.worker(), absl::StrCat(place.slot())});
  }
  out << table.Text();
}

std::string Culprit(const v1::AttemptSummary& attempt) {
  const bool ended_badly = attempt.ended_by() != v1::FAILURE_CLASS_UNSPECIFIED &&
                           attempt.ended_by() != v1::FAILURE_CLASS_SUCCESS && attempt.culprit_rank() >= 0;
  return ended_badly ? absl::StrCat("rank ", attempt.culprit_rank()) : "-";
}

void PrintAttempts(std::ostream& out, const v1::JobStatus& status) {
  if (status.attempts_size() == 0) return;
  out << "\nAttempts:\n";
  Table table({"  ATTEMPT", "PLACED", "RUNNING", "ENDED", "FROM STEP", "END", "CULPRIT", "BUILD", "MESSAGE"});
  for (const v1::AttemptSummary& attempt : status.attempts()) {
    table.AddRow({absl::StrCat("  ", attempt.attempt()), LocalTime(attempt.placed_at()),
                  LocalTime(attempt.running_at()), LocalTime(attempt.ended_at()),
                  absl::StrCat(attempt.resumed_from_step()), OrDash(EnumWord(attempt.ended_by())),
                  Culprit(attempt), OrDash(attempt.build()), OrDash(FirstLine(attempt.message()))});
  }
  out << table.Text();
}

void PrintCheckpoints(std::ostream& out, const v1::ListCheckpointsResponse& list) {
  if (list.checkpoints_size() == 0) return;
  out << "\nCheckpoints:\n";
  Table table({"  STEP", "ATTEMPT", "SIZE", "COMMITTED", "PATH"});
  for (const v1::Checkpoint& checkpoint : list.checkpoints()) {
    if (checkpoint.retired()) continue;
    table.AddRow({absl::StrCat("  ", checkpoint.step()), absl::StrCat(checkpoint.attempt()),
                  ShortBytes(checkpoint.bytes()), LocalTime(checkpoint.committed_at()), checkpoint.path()});
  }
  out << table.Text();
}

void PrintResults(std::ostream& out, const v1::JobStatus& status) {
  if (status.results().empty()) return;
  out << "\nResults:\n";
  Table table({"  NAME", "VALUE"});
  const std::map<std::string, double> sorted(status.results().begin(), status.results().end());
  for (const auto& [name, value] : sorted)
    table.AddRow({absl::StrCat("  ", name), absl::StrFormat("%.6g", value)});
  out << table.Text();
}

std::string NextStep(const v1::Job& job) {
  const v1::JobStatus& status = job.status();
  switch (status.phase()) {
    case v1::PHASE_SUCCEEDED:
      return job.spec().kind() == v1::JOB_KIND_PRETRAIN
                 ? absl::StrCat("simclrctl export ", job.id(), " -o DIR   takes the encoder away")
                 : absl::StrCat("simclrctl get job ", job.id(), " -o json   gives the results to scripts");
    case v1::PHASE_FAILED:
      return status.attempt() > 0
                 ? absl::StrCat("simclrctl logs ", job.id(), "   shows what the trainer said last")
                 : "correct the cause above and submit again";
    case v1::PHASE_CANCELLED:
      return "submit again to start over";
    case v1::PHASE_RUNNING:
      return absl::StrCat("simclrctl logs -f ", job.id(), "   or   simclrctl metrics ", job.id());
    default:
      if (status.reason() == v1::REASON_NODES_EXCLUDED) {
        return "simclrctl describe worker NAME   tells until when its slots are excluded, and why";
      }
      if (status.reason() == v1::REASON_NO_SUCH_CAPACITY) {
        return "add workers or slots, or submit with a smaller resources.ranks; simclrctl get workers lists "
               "them";
      }
      return absl::StrCat("simclrctl wait ", job.id(), " --for=running");
  }
}

int PrintDescription(std::ostream& out, OutputFormat format, const v1::Job& job, const v1::Timeline& timeline,
                     const v1::ListCheckpointsResponse& checkpoints) {
  v1::JobDescription description;
  *description.mutable_job() = job;
  *description.mutable_timeline() = timeline;
  *description.mutable_checkpoints() = checkpoints.checkpoints();
  Print(out, format, description);
  return kOk;
}

absl::StatusOr<int> DescribeJob(const CommandContext& context, const std::string& name, OutputFormat format) {
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Client::Connect(context));
  SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, client->GetJob(name));
  SIMCLR_ASSIGN_OR_RETURN(const v1::ListCheckpointsResponse checkpoints, client->ListCheckpoints(job.id()));
  const v1::Timeline timeline = TimelineOf(job, checkpoints, RealClock().Now());
  std::ostream& out = context.out;
  if (format != OutputFormat::kTable) return PrintDescription(out, format, job, timeline, checkpoints);
  Field(out, "Job", job.id());
  Field(out, "Name", job.spec().name());
  Field(out, "Kind", EnumWord(job.spec().kind()));
  if (!job.spec().after().empty()) Field(out, "After", job.spec().after());
  Field(out, "Owner", job.owner());
  Field(out, "Labels", LabelsText(job.spec()));
  PrintStatus(out, job);
  PrintPlacement(out, job.status());
  PrintAttempts(out, job.status());
  out << "\nTimeline:\n" << TimelineText(timeline);
  PrintCheckpoints(out, checkpoints);
  PrintResults(out, job.status());
  out << "\nSpec:\n" << ToYaml(job.spec()) << "\nNext: " << NextStep(job) << "\n";
  return kOk;
}

std::string WhyUnusable(const v1::Slot& slot) {
  if (!slot.unusable_reason().empty() || slot.exclusion_reason().empty())
    return OrDash(slot.unusable_reason());
  if (slot.has_excluded_until()) {
    return absl::StrCat("excluded until ", LocalTime(slot.excluded_until()), ": ", slot.exclusion_reason());
  }
  return absl::StrCat("in use for want of others: ", slot.exclusion_reason());
}

void PrintSlots(std::ostream& out, const v1::Worker& worker) {
  out << "\nSlots:\n";
  Table table({"  SLOT", "DEVICE", "NAME", "MEMORY", "HELD BY", "UNUSABLE BECAUSE"});
  for (const v1::Slot& slot : worker.slots()) {
    const std::string holder = slot.job_id().empty() ? "-"
                                                     : absl::StrCat(slot.job_id(), " attempt ",
                                                                    slot.attempt(), " rank ", slot.rank());
    table.AddRow({absl::StrCat("  ", slot.index()), EnumWord(slot.device()), OrDash(slot.name()),
                  slot.memory_bytes() > 0 ? ShortBytes(slot.memory_bytes()) : "-", holder,
                  WhyUnusable(slot)});
  }
  out << table.Text();
}

absl::StatusOr<int> DescribeWorker(const CommandContext& context, const std::string& name,
                                   OutputFormat format) {
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Client::Connect(context));
  SIMCLR_ASSIGN_OR_RETURN(const v1::Worker worker, client->GetWorker(name));
  std::ostream& out = context.out;
  if (format != OutputFormat::kTable) {
    Print(out, format, worker);
    return kOk;
  }
  Field(out, "Worker", worker.name());
  Field(out, "State", EnumWord(worker.state()));
  Field(out, "Last seen", LocalTime(worker.last_seen()));
  Field(out, "Address", worker.address());
  Field(out, "Version", worker.version());
  Field(out, "Build", worker.build());
  Field(out, "Threads", absl::StrCat(worker.threads_per_slot(), " a slot"));
  if (!worker.refusal().empty()) Field(out, "Refused", worker.refusal());
  for (const std::string& trouble : worker.troubles()) Field(out, "Trouble", trouble);
  PrintSlots(out, worker);
  return kOk;
}

struct DescribeOptions {
  std::vector<std::string> words;  // [job|worker] NAME; a lone word is a job, whatever it is called
  std::string output = "table";
};

absl::StatusOr<int> Describe(const CommandContext& context, const DescribeOptions& options) {
  const std::vector<std::string>& words = options.words;
  const OutputFormat format = ParseOutputFormat(options.output);
  if (words.size() == 1 || words[0] == "job" || words[0] == "jobs") {
    return DescribeJob(context, words.back(), format);
  }
  if (words[0] == "worker" || words[0] == "workers") return DescribeWorker(context, words[1], format);
  return UsageError(absl::StrCat("cannot describe a '", words[0],
                                 "'; write simclrctl describe job NAME or simclrctl describe worker NAME"));
}

}  // namespace

void AddDescribeCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<DescribeOptions>();
  CLI::App& command = *app.add_subcommand(
      "describe", "Tell everything about a job (why it waits, why it stopped) or a worker");
  command.add_option("name", options->words, "[job] NAME or worker NAME; a job's id does, too")
      ->required()
      ->expected(1, 2);
  command.add_option("-o,--output", options->output, "table (default), json or yaml")
      ->check(CLI::IsMember({"table", "json", "yaml"}));
  command.footer("Example: simclrctl describe cifar10-rn18");
  OnSelected(command, context, [&context, options] { return Describe(context, *options); });
}

}  // namespace simclr::cli
