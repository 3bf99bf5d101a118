#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace simclr {

// A document between a message and its text: what JSON and YAML can both say, members in order.
class TextTree {
 public:
  using Member = std::pair<std::string, TextTree>;
  enum class Kind { kNull, kLiteral, kNonFinite, kString, kList, kObject };

  static TextTree Null() { return TextTree(Kind::kNull, "null"); }
  static TextTree Bool(bool value) { return TextTree(Kind::kLiteral, value ? "true" : "false"); }
  static TextTree Integer(std::int64_t value) { return TextTree(Kind::kLiteral, std::to_string(value)); }
  static TextTree Unsigned(std::uint64_t value) { return TextTree(Kind::kLiteral, std::to_string(value)); }
  static TextTree Number(double value);  // the shortest text that reads back as the same number
  static TextTree String(std::string value) { return TextTree(Kind::kString, std::move(value)); }
  static TextTree List(std::vector<TextTree> items);
  static TextTree Object(std::vector<Member> members);

  Kind kind() const { return kind_; }
  const std::string& text() const { return text_; }
  const std::vector<TextTree>& items() const { return items_; }
  const std::vector<Member>& members() const { return members_; }
  bool empty_container() const;

 private:
  TextTree(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}

  Kind kind_;
  std::string text_;
  std::vector<TextTree> items_;
  std::vector<Member> members_;
};

// Indented by two, with a last newline. A non-finite number is null in JSON and .nan, .inf or -.inf in YAML.
std::string WriteJson(const TextTree& tree);
std::string WriteYaml(const TextTree& tree);

// On one line, with a last newline: for scripts that read it with sed.
std::string WriteJsonLine(const TextTree& tree);

// What stands in a longer text at that depth: a JSON value, without the indentation of its first line and
// without a last newline; an item of a YAML list, as whole lines.
std::string WriteJsonPart(const TextTree& tree, int depth);
std::string WriteYamlItem(const TextTree& tree, int depth);

// With its quotes; valid in JSON and in YAML.
std::string QuoteText(absl::string_view text);

}  // namespace simclr
