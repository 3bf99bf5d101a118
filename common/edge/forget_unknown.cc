#include "common/edge/forget_unknown.h"

#include <vector>

namespace simclr {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void ForgetWords(Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const auto known = [&](int number) { return field.enum_type()->FindValueByNumber(number) != nullptr; };
  if (!field.is_repeated()) {
    if (!known(reflection.GetEnumValue(message, &field))) reflection.SetEnumValue(&message, &field, 0);
    return;
  }
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (known(reflection.GetRepeatedEnumValue(message, &field, i))) continue;
    reflection.SetRepeatedEnumValue(&message, &field, i, 0);
  }
}

void ForgetAllWords(Message& message) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) ForgetWords(message, *field);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
    if (!field->is_repeated()) {
      ForgetAllWords(*reflection.MutableMessage(&message, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      ForgetAllWords(*reflection.MutableRepeatedMessage(&message, field, i));
    }
  }
}

}  // namespace

void ForgetUnknown(Message& message) {
  message.DiscardUnknownFields();
  ForgetAllWords(message);
}

}  // namespace simclr
