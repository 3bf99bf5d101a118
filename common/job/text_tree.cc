#include "common/job/text_tree.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/text.h"

namespace simclr {
namespace {

std::string Indent(int depth) {
  return std::string(static_cast<std::size_t>(depth) * 2, ' ');
}

// In place of a depth: no line ends.
constexpr int kOneLine = -1;

void AppendJson(const TextTree& tree, int depth, std::string& out);

void AppendJsonBlock(const TextTree& tree, int depth, std::string& out) {
  const bool is_list = tree.kind() == TextTree::Kind::kList;
  out += is_list ? "[" : "{";
  const bool one_line = depth == kOneLine;
  const int inner = one_line ? kOneLine : depth + 1;
  const std::string line = one_line ? "" : absl::StrCat("\n", Indent(inner));
  const absl::string_view next = one_line ? ", " : ",";
  absl::string_view comma;
  for (const TextTree& item : tree.items()) {
    absl::StrAppend(&out, comma, line);
    AppendJson(item, inner, out);
    comma = next;
  }
  for (const auto& [name, value] : tree.members()) {
    absl::StrAppend(&out, comma, line, QuoteText(name), ": ");
    AppendJson(value, inner, out);
    comma = next;
  }
  if (!one_line) absl::StrAppend(&out, "\n", Indent(depth));
  out += is_list ? "]" : "}";
}

void AppendJson(const TextTree& tree, int depth, std::string& out) {
  switch (tree.kind()) {
    case TextTree::Kind::kNull:
    case TextTree::Kind::kLiteral:
      out += tree.text();
      return;
    case TextTree::Kind::kNonFinite:
      out += "null";
      return;
    case TextTree::Kind::kString:
      out += QuoteText(tree.text());
      return;
    case TextTree::Kind::kList:
    case TextTree::Kind::kObject:
      if (!tree.empty_container()) return AppendJsonBlock(tree, depth, out);
      out += tree.kind() == TextTree::Kind::kList ? "[]" : "{}";
  }
}

// Words that YAML readers, old ones too, take for something else than text.
bool IsYamlKeyword(absl::string_view text) {
  constexpr std::array<absl::string_view, 9> kWords = {"true", "false", "null", "yes", "no",
                                                       "on",   "off",   "y",    "n"};
  return std::find(kWords.begin(), kWords.end(), absl::AsciiStrToLower(text)) != kWords.end();
}

bool IsPlainYaml(absl::string_view text) {
  const auto harmless = [](char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.' || c == '/';
  };
  return !text.empty() && (absl::ascii_isalpha(text[0]) || text[0] == '/') && !IsYamlKeyword(text) &&
         std::all_of(text.begin(), text.end(), harmless);
}

std::string YamlText(absl::string_view text) {
  return IsPlainYaml(text) ? std::string(text) : QuoteText(text);
}

std::string YamlLeaf(const TextTree& tree) {
  switch (tree.kind()) {
    case TextTree::Kind::kString:
      return YamlText(tree.text());
    case TextTree::Kind::kList:
      return "[]";
    case TextTree::Kind::kObject:
      return "{}";
    default:
      return tree.text();
  }
}

bool IsBlock(const TextTree& tree) {
  return !tree.items().empty() || !tree.members().empty();
}

// The lines of a list or object; `lead` stands in place of the first line's indentation.
void AppendYaml(const TextTree& tree, int depth, std::string lead, std::string& out) {
  for (const TextTree& item : tree.items()) {
    absl::StrAppend(&out, lead, "- ");
    if (IsBlock(item)) {
      AppendYaml(item, depth + 1, "", out);
    } else {
      absl::StrAppend(&out, YamlLeaf(item), "\n");
    }
    lead = Indent(depth);
  }
  for (const auto& [name, value] : tree.members()) {
    absl::StrAppend(&out, lead, YamlText(name), ":");
    if (IsBlock(value)) {
      out += "\n";
      AppendYaml(value, depth + 1, Indent(depth + 1), out);
    } else {
      absl::StrAppend(&out, " ", YamlLeaf(value), "\n");
    }
    lead = Indent(depth);
  }
}

}  // namespace

TextTree TextTree::Number(double value) {
  if (std::isnan(value)) return TextTree(Kind::kNonFinite, ".nan");
  if (std::isinf(value)) return TextTree(Kind::kNonFinite, value > 0 ? ".inf" : "-.inf");
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::string text(buffer.data(), end);
  // "1e-06" is text for YAML 1.1 readers; "1.0e-06" is a number for all.
  const std::size_t exponent = text.find('e');
  if (exponent != std::string::npos && text.find('.') == std::string::npos) text.insert(exponent, ".0");
  return TextTree(Kind::kLiteral, std::move(text));
}

TextTree TextTree::List(std::vector<TextTree> items) {
  TextTree tree(Kind::kList, "");
  tree.items_ = std::move(items);
  return tree;
}

TextTree TextTree::Object(std::vector<Member> members) {
  TextTree tree(Kind::kObject, "");
  tree.members_ = std::move(members);
  return tree;
}

bool TextTree::empty_container() const {
  return (kind_ == Kind::kList || kind_ == Kind::kObject) && items_.empty() && members_.empty();
}

std::string WriteJson(const TextTree& tree) {
  std::string out;
  AppendJson(tree, 0, out);
  return out + "\n";
}

std::string WriteJsonPart(const TextTree& tree, int depth) {
  std::string out;
  AppendJson(tree, depth, out);
  return out;
}

std::string WriteYamlItem(const TextTree& tree, int depth) {
  std::string out;
  AppendYaml(TextTree::List({tree}), depth, Indent(depth), out);
  return out;
}

std::string WriteYaml(const TextTree& tree) {
  if (!IsBlock(tree)) return YamlLeaf(tree) + "\n";
  std::string out;
  AppendYaml(tree, 0, "", out);
  return out;
}

std::string WriteJsonLine(const TextTree& tree) {
  std::string out;
  AppendJson(tree, kOneLine, out);
  return out + "\n";
}

std::string QuoteText(absl::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Character first = FirstCharacter(text);
    const absl::string_view taken = text.substr(0, std::max<std::size_t>(1, first.length));
    text.remove_prefix(taken.size());
    if (first.length == 0) {
      absl::StrAppend(&out, "\\", Printable(taken));  // as a text: a quoted string holds characters alone
    } else if (taken == "\"" || taken == "\\") {
      absl::StrAppend(&out, "\\", taken);
    } else if (taken == "\n") {
      out += "\\n";
    } else if (IsControl(first.code_point)) {
      absl::StrAppendFormat(&out, "\\u%04x", first.code_point);
    } else {
      absl::StrAppend(&out, taken);
    }
  }
  return out + "\"";
}

}  // namespace simclr
