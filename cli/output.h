#pragma once

#include <google/protobuf/message.h>

#include <ostream>
#include <string>

#include "common/job/items_writer.h"

namespace simclr::cli {

// The formats of -o; each command offers some of them.
enum class OutputFormat { kTable, kWide, kJson, kYaml, kName };

// The command line has checked the word; an unknown one counts as table.
OutputFormat ParseOutputFormat(const std::string& word);

// JSON or YAML of one message, or of {"items": [...]}.
void Print(std::ostream& out, OutputFormat format, const google::protobuf::Message& message);

bool IsDocument(OutputFormat format);  // JSON or YAML

ItemsWriter::Form ItemsForm(OutputFormat format);

template <typename Messages>
void PrintItems(std::ostream& out, OutputFormat format, const Messages& messages) {
  ItemsWriter items(out, ItemsForm(format));
  for (const auto& message : messages) items.Add(message);
  items.End();
}

}  // namespace simclr::cli
