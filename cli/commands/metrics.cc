#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/commands/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "common/base/status_macros.h"
#include "common/job/metrics_csv.h"

namespace simclr::cli {
namespace {

struct MetricsOptions {
  std::string job;
  std::string output = "csv";
};

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
    context.out << MetricsCsv(samples);
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
