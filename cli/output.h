#pragma once

#include <google/protobuf/message.h>

#include <ostream>
#include <string>
#include <vector>

namespace simclr::cli {

// The formats of -o; each command offers some of them.
enum class OutputFormat { kTable, kWide, kJson, kYaml, kName };

// The command line has checked the word; an unknown one counts as table.
OutputFormat ParseOutputFormat(const std::string& word);

// JSON or YAML of one message, or of {"items": [...]}.
void Print(std::ostream& out, OutputFormat format, const google::protobuf::Message& message);

void PrintItemPointers(std::ostream& out, OutputFormat format,
                       const std::vector<const google::protobuf::Message*>& items);

template <typename Messages>
void PrintItems(std::ostream& out, OutputFormat format, const Messages& messages) {
  std::vector<const google::protobuf::Message*> items;
  for (const auto& message : messages) items.push_back(&message);
  PrintItemPointers(out, format, items);
}

}  // namespace simclr::cli
