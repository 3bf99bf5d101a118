#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/client.h"
#include "cli/commands/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/text.h"
#include "common/base/status_macros.h"

namespace simclr::cli {
namespace {

struct MetricsOptions {
  std::string job;
  std::string output = "csv";
};

std::string Rfc3339(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", ToTime(time), absl::UTCTimeZone());
}

// One row a step; a value that a step has not is an empty cell.
void PrintCsv(std::ostream& out, const std::vector<v1::StepMetrics>& samples) {
  std::set<std::string> names;
  for (const auto& sample : samples) {
    for (const auto& [name, value] : sample.values()) names.insert(name);
  }
  out << "step,epoch,attempt,time";
  for (const std::string& name : names) out << "," << name;
  out << "\n";
  for (const auto& sample : samples) {
    out << absl::StrFormat("%d,%.6g,%d,%s", sample.step(), sample.epoch(), sample.attempt(),
                           Rfc3339(sample.at()));
    for (const std::string& name : names) {
      const auto found = sample.values().find(name);
      out << ",";
      if (found != sample.values().end()) out << absl::StrFormat("%.9g", found->second);
    }
    out << "\n";
  }
}

absl::StatusOr<int> Metrics(const CommandContext& context, const MetricsOptions& options) {
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Client::Connect(context));
  v1::StreamMetricsRequest request;
  request.set_job(options.job);
  std::vector<v1::StepMetrics> samples;
  SIMCLR_RETURN_IF_ERROR(client->StreamMetrics(request, {}, [&](const v1::StepMetrics& sample) {
    samples.push_back(sample);
    return true;
  }));
  if (options.output == "json") {
    PrintItems(context.out, OutputFormat::kJson, samples);
  } else {
    PrintCsv(context.out, samples);
  }
  return kOk;
}

}  // namespace

void AddMetricsCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<MetricsOptions>();
  CLI::App& command = *app.add_subcommand("metrics", "Print a job's measurements, one row a step");
  command.add_option("job", options->job, "id or name")->required();
  command.add_option("-o,--output", options->output, "csv (default) or json")
      ->check(CLI::IsMember({"csv", "json"}));
  command.footer("Example: simclrctl metrics cifar10-rn18 -o csv > metrics.csv");
  OnSelected(command, context, [&context, options] { return Metrics(context, *options); });
}

}  // namespace simclr::cli
