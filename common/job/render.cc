#include "common/job/render.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <utility>

#include "common/job/enum_word.h"
#include "common/job/proto_time.h"
#include "common/job/text_tree.h"

namespace simclr {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

TextTree FromMessage(const Message& message);

TextTree FromTimestamp(const google::protobuf::Timestamp& time) {
  return TextTree::String(Rfc3339(time));
}

TextTree FromDuration(const google::protobuf::Duration& duration) {
  return TextTree::Number(static_cast<double>(duration.seconds()) + duration.nanos() * 1e-9);
}

bool IsTime(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         (field->message_type() == google::protobuf::Timestamp::descriptor() ||
          field->message_type() == google::protobuf::Duration::descriptor());
}

TextTree FromSubmessage(const Message& message) {
  if (const auto* time = dynamic_cast<const google::protobuf::Timestamp*>(&message))
    return FromTimestamp(*time);
  if (const auto* span = dynamic_cast<const google::protobuf::Duration*>(&message))
    return FromDuration(*span);
  return FromMessage(message);
}

TextTree FromSingular(const Message& message, const FieldDescriptor* field) {
  const Reflection& reflection = *message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return TextTree::Integer(reflection.GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return TextTree::Integer(reflection.GetInt64(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return TextTree::Unsigned(reflection.GetUInt32(message, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return TextTree::Unsigned(reflection.GetUInt64(message, field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return TextTree::Number(reflection.GetDouble(message, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return TextTree::Number(reflection.GetFloat(message, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return TextTree::Bool(reflection.GetBool(message, field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return TextTree::String(EnumWord(*field->enum_type(), reflection.GetEnumValue(message, field)));
    case FieldDescriptor::CPPTYPE_STRING:
      return TextTree::String(reflection.GetString(message, field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return FromSubmessage(reflection.GetMessage(message, field));
  }
  return TextTree::Null();
}

// The project's maps go from strings to numbers or strings.
TextTree FromMap(const Message& message, const FieldDescriptor* field) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<TextTree::Member> members;
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, field, i);
    const auto* type = entry.GetDescriptor();
    members.emplace_back(entry.GetReflection()->GetString(entry, type->map_key()),
                         FromSingular(entry, type->map_value()));
  }
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return TextTree::Object(std::move(members));
}

TextTree FromList(const Message& message, const FieldDescriptor* field) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<TextTree> items;
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    items.push_back(field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE
                        ? FromSubmessage(reflection.GetRepeatedMessage(message, field, i))
                        : TextTree::String(reflection.GetRepeatedString(message, field, i)));
  }
  return TextTree::List(std::move(items));
}

TextTree FromMessage(const Message& message) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<TextTree::Member> members;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (field->is_map()) {
      members.emplace_back(field->name(), FromMap(message, field));
    } else if (field->is_repeated()) {
      members.emplace_back(field->name(), FromList(message, field));
    } else if (!field->has_presence() || reflection.HasField(message, field)) {
      members.emplace_back(field->name(), FromSingular(message, field));
    } else if (IsTime(field)) {
      members.emplace_back(field->name(), TextTree::Null());
    }
  }
  return TextTree::Object(std::move(members));
}

}  // namespace

std::string ToJson(const Message& message) {
  return WriteJson(FromMessage(message));
}
std::string ToYaml(const Message& message) {
  return WriteYaml(FromMessage(message));
}
TextTree TreeOf(const Message& message) {
  return FromMessage(message);
}

}  // namespace simclr
