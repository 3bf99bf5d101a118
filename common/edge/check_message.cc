#include "common/edge/check_message.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/text.h"
#include "common/edge/bounds.h"
#include "common/edge/field_values.h"
#include "common/edge/message_refusal.h"

namespace simclr {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::size_t kShownBytes = 80;  // of a value that is refused

// What does not fit, and where: the path grows on the way out, so that a good message costs no text.
struct Fault {
  MessageRefusal reason;
  std::string path;
  std::string text;
};
using Found = std::optional<Fault>;

Found In(const std::string& path, Found found) {
  if (!found) return found;
  const bool joined = found->path.empty() || found->path[0] == '[';
  found->path = absl::StrCat(path, joined ? "" : ".", found->path);
  return found;
}

Found CheckFields(const Message& message, UnknownWords words);

Found CheckText(const v1::Bound& bound, const FieldDescriptor& field, const std::string& text) {
  if (bound.has_max_bytes() && text.size() > static_cast<std::size_t>(bound.max_bytes())) {
    return Fault{MessageRefusal::kSize, "",
                 absl::StrCat("has ", text.size(), " bytes; at most ", bound.max_bytes(), " are allowed")};
  }
  if (field.type() == FieldDescriptor::TYPE_BYTES || CharactersFit(bound, text)) return std::nullopt;
  return Fault{MessageRefusal::kText, "",
               absl::StrCat("is '", Printable(text, kShownBytes), "'; write ", CharactersInWords(bound))};
}

Found CheckNumber(const v1::Bound& bound, double number, const std::string& shown) {
  if (NumberFits(bound, number)) return std::nullopt;
  const std::string range = RangeInWords(bound);
  return Fault{MessageRefusal::kRange, "",
               absl::StrCat("is ", shown, "; it must be ", range.empty() ? "finite" : range)};
}

Found CheckWord(const FieldDescriptor& field, int number, UnknownWords words) {
  if (words == UnknownWords::kKept || field.enum_type()->FindValueByNumber(number) != nullptr) {
    return std::nullopt;
  }
  return Fault{MessageRefusal::kWord, "",
               absl::StrCat("is ", number, ", no word of ", field.enum_type()->name(),
                            " that this version knows; update it or use another word")};
}

Found CheckTime(const google::protobuf::Timestamp& time) {
  if (IsValid(time)) return std::nullopt;
  return Fault{MessageRefusal::kRange, "",
               absl::StrCat("is ", time.seconds(), " s and ", time.nanos(),
                            " ns since 1970; it must be in the years 1 to 9999, with 0 to 999999999 ns")};
}

Found CheckDuration(const v1::Bound& bound, const google::protobuf::Duration& duration) {
  const std::string shown = absl::StrCat(duration.seconds(), " s and ", duration.nanos(), " ns");
  if (!IsValid(duration)) {
    return Fault{MessageRefusal::kRange, "", absl::StrCat("is ", shown, ", which is no duration")};
  }
  return CheckNumber(bound, SecondsOf(duration), shown);
}

Found CheckPart(const v1::Bound& bound, const Message& part, UnknownWords words) {
  if (part.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    return CheckTime(static_cast<const google::protobuf::Timestamp&>(part));
  }
  if (part.GetDescriptor() == google::protobuf::Duration::descriptor()) {
    return CheckDuration(bound, static_cast<const google::protobuf::Duration&>(part));
  }
  return CheckFields(part, words);
}

// One value: `index` in a list, -1 for a field that is none. `bound` is that of the field, or of the map that
// the message is an entry of.
Found CheckValue(const v1::Bound& bound, const Message& message, const FieldDescriptor& field, int index,
                 UnknownWords words) {
  const FieldValueRef value{message, field, index};
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return CheckText(bound, field, value.Text());
    case FieldDescriptor::CPPTYPE_ENUM:
      return CheckWord(field, value.Word(), words);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return CheckPart(bound, value.Part(), words);
    default:
      return CheckNumber(bound, value.Number(), value.NumberInWords());
  }
}

Found CheckEntry(const v1::Bound& bound, const Message& entry, UnknownWords words) {
  const FieldDescriptor& key = *entry.GetDescriptor()->map_key();
  const std::string shown = Printable(FieldValueRef{entry, key, -1}.Text(), kShownBytes);
  if (Found found = CheckValue(bound, entry, key, -1, words))
    return In(absl::StrCat("['", shown, "']"), found);
  return In(absl::StrCat("['", shown, "']"),
            CheckValue(bound, entry, *entry.GetDescriptor()->map_value(), -1, words));
}

Found CheckList(const Message& message, const FieldDescriptor& field, UnknownWords words) {
  const v1::Bound& bound = BoundOf(field);
  const int size = message.GetReflection()->FieldSize(message, &field);
  if (bound.has_max_items() && size > bound.max_items()) {
    return Fault{MessageRefusal::kItems, "",
                 absl::StrCat("has ", size, " items; at most ", bound.max_items(), " are allowed")};
  }
  for (int i = 0; i < size; ++i) {
    Found found =
        field.is_map()
            ? CheckEntry(bound, message.GetReflection()->GetRepeatedMessage(message, &field, i), words)
            : In(absl::StrCat("[", i, "]"), CheckValue(bound, message, field, i, words));
    if (found) return found;
  }
  return std::nullopt;
}

Found CheckFields(const Message& message, UnknownWords words) {
  if (const std::size_t unknown = UnknownBytes(message); unknown > kMaxUnknownBytes) {
    return Fault{MessageRefusal::kSize, "",
                 absl::StrCat("has ", unknown, " bytes of fields that this version does not know; at most ",
                              kMaxUnknownBytes, " are allowed")};
  }
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    Found found = field->is_repeated() ? CheckList(message, *field, words)
                                       : CheckValue(BoundOf(*field), message, *field, -1, words);
    if (found) return In(field->name(), std::move(found));
  }
  return std::nullopt;
}

}  // namespace

absl::Status CheckMessage(const Message& message, UnknownWords words) {
  const Found found = CheckFields(message, words);
  if (!found) return absl::OkStatus();
  return RefusedStatus(found->reason,
                       absl::StrCat(message.GetDescriptor()->name(), found->path.empty() ? "" : ".",
                                    found->path, " ", found->text));
}

}  // namespace simclr
