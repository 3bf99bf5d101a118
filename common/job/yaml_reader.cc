#include "common/job/yaml_reader.h"

#include <google/protobuf/duration.pb.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <cmath>
#include <cstdint>
#include <set>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/job/closest.h"
#include "common/job/enum_word.h"
#include "common/job/field_path.h"
#include "common/job/proto_time.h"
#include "common/job/span.h"

namespace simclr {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Where a value stands, for messages.
struct Place {
  absl::string_view where;
  std::string path;
  bool has_lines = true;  // false on the command line

  Place Below(const std::string& name) const {
    return {where, path.empty() ? name : absl::StrCat(path, ".", name), has_lines};
  }
};

absl::Status ErrorAt(const Place& place, const YAML::Node& node, absl::string_view problem) {
  const bool has_line = place.has_lines && !node.Mark().is_null();
  const std::string line = has_line ? absl::StrCat(":", node.Mark().line + 1) : "";
  return absl::InvalidArgumentError(absl::StrCat(place.where, line, ": ", problem));
}

std::string Quoted(const YAML::Node& node) {
  constexpr std::size_t kLongest = 60;
  if (node.IsMap()) return "a section";
  if (node.IsSequence()) return "a list";
  const std::string& text = node.Scalar();
  return absl::StrCat("'", text.substr(0, kLongest), text.size() > kLongest ? "..." : "", "'");
}

absl::Status WrongType(const Place& place, const YAML::Node& node, absl::string_view wanted) {
  return ErrorAt(place, node, absl::StrCat("field '", place.path, "' is ", Quoted(node), "; write ", wanted));
}

// A quoted word is text in YAML, whatever it looks like.
bool IsPlain(const YAML::Node& node) {
  return node.Tag() != "!";
}

template <typename Number>
bool ParseWhole(const YAML::Node& node, Number& value) {
  return IsPlain(node) && absl::SimpleAtoi(node.Scalar(), &value);
}

bool ParseReal(const YAML::Node& node, double& value) {
  return IsPlain(node) && absl::SimpleAtod(node.Scalar(), &value) && std::isfinite(value);
}

bool ParseBool(const YAML::Node& node, bool& value) {
  const std::string word = absl::AsciiStrToLower(node.Scalar());
  value = word == "true";
  return IsPlain(node) && (value || word == "false");
}

absl::Status ReadEnum(const YAML::Node& node, const Place& place, const FieldDescriptor* field,
                      Message& message) {
  if (node.Scalar().empty()) return absl::OkStatus();
  const EnumDescriptor& type = *field->enum_type();
  if (const auto number = EnumOfWord(type, node.Scalar())) {
    message.GetReflection()->SetEnumValue(&message, field, *number);
    return absl::OkStatus();
  }
  return ErrorAt(place, node,
                 absl::StrCat("field '", place.path, "' is ", Quoted(node), ", which it cannot be",
                              SuggestWord(absl::AsciiStrToLower(node.Scalar()), EnumWords(type))));
}

absl::Status ReadScalar(const YAML::Node& node, const Place& place, const FieldDescriptor* field,
                        Message& message) {
  const Reflection& reflection = *message.GetReflection();
  std::int32_t int32 = 0;
  std::int64_t int64 = 0;
  std::uint64_t uint64 = 0;
  double real = 0;
  bool flag = false;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      if (!ParseWhole(node, int32)) return WrongType(place, node, "a whole number of at most 31 bits");
      reflection.SetInt32(&message, field, int32);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_INT64:
      if (!ParseWhole(node, int64)) return WrongType(place, node, "a whole number");
      reflection.SetInt64(&message, field, int64);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_UINT64:
      if (!ParseWhole(node, uint64)) return WrongType(place, node, "a whole number that is not negative");
      reflection.SetUInt64(&message, field, uint64);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_DOUBLE:
      if (!ParseReal(node, real)) return WrongType(place, node, "a finite number");
      reflection.SetDouble(&message, field, real);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_BOOL:
      if (!ParseBool(node, flag)) return WrongType(place, node, "true or false");
      reflection.SetBool(&message, field, flag);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_STRING:
      reflection.SetString(&message, field, node.Scalar());
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_ENUM:
      return ReadEnum(node, place, field, message);
    default:
      return ErrorAt(place, node, absl::StrCat("field '", place.path, "' cannot be written in a file"));
  }
}

// A plain number is seconds; null, as it is rendered, and auto: not set.
absl::Status ReadSpan(const YAML::Node& node, const Place& place, const FieldDescriptor* field,
                      Message& message) {
  if (node.IsNull() || (node.IsScalar() && node.Scalar() == "auto")) return absl::OkStatus();
  double seconds = 0;
  absl::StatusOr<absl::Duration> span = absl::InvalidArgumentError("no single value");
  if (node.IsScalar()) span = ParseReal(node, seconds) ? absl::Seconds(seconds) : ParseSpan(node.Scalar());
  if (!span.ok()) return WrongType(place, node, "a length of time such as 90s, 12h or 30d");
  message.GetReflection()->MutableMessage(&message, field)->CopyFrom(ToProto(*span));
  return absl::OkStatus();
}

// Takes no notice of what is in a document.
class IgnoreEvents : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}
};

// Some damaged text makes yaml-cpp's parser give documents without end, and LoadAll collects them all. Throws
// YAML::Exception.
bool HasFewDocuments(const std::string& text) {
  constexpr int kMaxDocuments = 1000;
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  IgnoreEvents ignore;
  for (int count = 0; count <= kMaxDocuments; ++count) {
    if (!parser.HandleNextDocument(ignore)) return true;
  }
  return false;
}

const FieldDescriptor* FindByName(const Message& message, const std::string& name) {
  return message.GetDescriptor()->FindFieldByName(absl::StrReplaceAll(name, {{"-", "_"}}));
}

std::string UnknownField(const Place& place, const std::string& name, const Message& message) {
  return absl::StrCat("unknown field '", place.Below(name).path, "'",
                      SuggestWord(name, FieldNames(*message.GetDescriptor())));
}

absl::Status ReadMap(const YAML::Node& node, const Place& place, Message& message);

absl::Status AddEntry(const std::string& key, const YAML::Node& value, const Place& place,
                      const FieldDescriptor* field, Message& message) {
  if (!value.IsScalar()) return WrongType(place, value, "a single value");
  Message& entry = *message.GetReflection()->AddMessage(&message, field);
  entry.GetReflection()->SetString(&entry, field->message_type()->map_key(), key);
  return ReadScalar(value, place, field->message_type()->map_value(), entry);
}

// A field that maps words to values, such as `labels`.
absl::Status ReadEntries(const YAML::Node& node, const Place& place, const FieldDescriptor* field,
                         Message& message) {
  if (node.IsNull()) return absl::OkStatus();
  if (!node.IsMap()) return WrongType(place, node, "a section of 'word: value' lines");
  std::set<std::string> seen;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) return ErrorAt(place, entry.first, "a name must be a word");
    const std::string& key = entry.first.Scalar();
    const Place below = place.Below(key);
    if (!seen.insert(key).second) {
      return ErrorAt(below, entry.first,
                     absl::StrCat("'", below.path, "' is written twice; remove one of the two"));
    }
    SIMCLR_RETURN_IF_ERROR(AddEntry(key, entry.second, below, field, message));
  }
  return absl::OkStatus();
}

absl::Status ReadField(const YAML::Node& node, const Place& place, const FieldDescriptor* field,
                       Message& message) {
  if (field->is_map()) return ReadEntries(node, place, field, message);
  if (field->is_repeated()) {
    return ErrorAt(place, node, absl::StrCat("field '", place.path, "' cannot be written in a file"));
  }
  if (field->message_type() == google::protobuf::Duration::descriptor())
    return ReadSpan(node, place, field, message);
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    if (node.IsNull()) return absl::OkStatus();  // a section whose lines are all commented out
    return ReadMap(node, place, *message.GetReflection()->MutableMessage(&message, field));
  }
  if (node.IsNull()) {
    return ErrorAt(place, node,
                   absl::StrCat("field '", place.path, "' has no value; write one or remove the line"));
  }
  if (!node.IsScalar()) return WrongType(place, node, "a single value (text that ends with ':' in quotes)");
  return ReadScalar(node, place, field, message);
}

absl::Status ReadMap(const YAML::Node& node, const Place& place, Message& message) {
  if (!node.IsMap()) {
    const std::string name = place.path.empty() ? "the document" : absl::StrCat("field '", place.path, "'");
    return ErrorAt(place, node,
                   absl::StrCat(name, " is ", Quoted(node), "; write a section of 'field: value' lines"));
  }
  std::set<const FieldDescriptor*> seen;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) return ErrorAt(place, entry.first, "a field name must be a word");
    const FieldDescriptor* field = FindByName(message, entry.first.Scalar());
    if (field == nullptr) {
      return ErrorAt(place, entry.first, UnknownField(place, entry.first.Scalar(), message));
    }
    const Place below = place.Below(field->name());
    if (!seen.insert(field).second) {
      return ErrorAt(below, entry.first,
                     absl::StrCat("field '", below.path, "' is written twice; remove one of the two"));
    }
    SIMCLR_RETURN_IF_ERROR(ReadField(entry.second, below, field, message));
  }
  return absl::OkStatus();
}

bool IsSection(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated() &&
         field->message_type() != google::protobuf::Duration::descriptor();
}

// In place of an entry of the same name.
absl::Status SetEntryFromText(absl::string_view key, absl::string_view value, const Place& place,
                              const FieldDescriptor* field, Message& message) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor* name = field->message_type()->map_key();
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, field, i);
    if (entry.GetReflection()->GetString(entry, name) != key) continue;
    reflection.SwapElements(&message, field, i, reflection.FieldSize(message, field) - 1);
    reflection.RemoveLast(&message, field);
    break;
  }
  const std::string word(key);
  return AddEntry(word, YAML::Node(std::string(value)), place.Below(word), field, message);
}

}  // namespace

absl::StatusOr<std::vector<YAML::Node>> LoadYaml(absl::string_view text, absl::string_view name) {
  try {
    const std::string copy(text);
    if (HasFewDocuments(copy)) return YAML::LoadAll(copy);
    return absl::InvalidArgumentError(absl::StrCat(name, ": not YAML, or too many documents"));
  } catch (const YAML::Exception& error) {
    const std::string line = error.mark.is_null() ? "" : absl::StrCat(":", error.mark.line + 1);
    return absl::InvalidArgumentError(absl::StrCat(name, line, ": not YAML: ", error.msg));
  }
}

absl::Status ReadYamlMap(const YAML::Node& node, absl::string_view where, Message& message) {
  return ReadMap(node, {where, ""}, message);
}

absl::Status SetFieldFromText(absl::string_view path, absl::string_view value, absl::string_view where,
                              Message& message) {
  Message* owner = &message;
  const FieldDescriptor* field = nullptr;
  Place place{where, "", /*has_lines=*/false};
  for (const absl::string_view name : absl::StrSplit(path, '.')) {
    if (field != nullptr && field->is_map()) {
      return SetEntryFromText(path.substr(static_cast<std::size_t>(name.data() - path.data())), value, place,
                              field, *owner);
    }
    if (field != nullptr) {
      if (!IsSection(field)) {
        return ErrorAt(place, {}, absl::StrCat("field '", place.path, "' has no fields of its own"));
      }
      owner = owner->GetReflection()->MutableMessage(owner, field);
    }
    field = FindByName(*owner, std::string(name));
    if (field == nullptr) return ErrorAt(place, {}, UnknownField(place, std::string(name), *owner));
    place = place.Below(field->name());
  }
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && !field->is_repeated()) {
    owner->GetReflection()->SetString(owner, field, std::string(value));
    return absl::OkStatus();
  }
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<YAML::Node> nodes, LoadYaml(value, where));
  return ReadField(nodes.size() == 1 ? nodes[0] : YAML::Node(), place, field, *owner);
}

}  // namespace simclr
