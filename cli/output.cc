#include "cli/output.h"

#include "common/job/render.h"

namespace simclr::cli {

OutputFormat ParseOutputFormat(const std::string& word) {
  if (word == "wide") return OutputFormat::kWide;
  if (word == "json") return OutputFormat::kJson;
  if (word == "yaml") return OutputFormat::kYaml;
  if (word == "name") return OutputFormat::kName;
  return OutputFormat::kTable;
}

void Print(std::ostream& out, OutputFormat format, const google::protobuf::Message& message) {
  out << (format == OutputFormat::kYaml ? ToYaml(message) : ToJson(message));
}

bool IsDocument(OutputFormat format) {
  return format == OutputFormat::kJson || format == OutputFormat::kYaml;
}

ItemsWriter::Form ItemsForm(OutputFormat format) {
  return format == OutputFormat::kYaml ? ItemsWriter::Form::kYaml : ItemsWriter::Form::kJson;
}

}  // namespace simclr::cli
