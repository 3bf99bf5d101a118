#include "common/job/field_path.h"

#include <cassert>

#include "absl/strings/str_split.h"

namespace simclr {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool FieldValue::written() const {
  return !field->has_presence() || owner->GetReflection()->HasField(*owner, field);
}

double FieldValue::AsDouble() const {
  const Reflection& reflection = *owner->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.GetInt32(*owner, field);
    case FieldDescriptor::CPPTYPE_INT64:
      return static_cast<double>(reflection.GetInt64(*owner, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return static_cast<double>(reflection.GetUInt64(*owner, field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.GetDouble(*owner, field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(*owner, field) ? 1 : 0;
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.GetEnumValue(*owner, field);
    default:
      assert(false && "not a number");
      return 0;
  }
}

FieldValue FindField(const Message& message, absl::string_view path) {
  FieldValue found{&message, nullptr};
  for (absl::string_view name : absl::StrSplit(path, '.')) {
    if (found.field != nullptr)
      found.owner = &found.owner->GetReflection()->GetMessage(*found.owner, found.field);
    found.field = found.owner->GetDescriptor()->FindFieldByName(std::string(name));
    assert(found.field != nullptr);
  }
  return found;
}

std::vector<std::string> FieldNames(const google::protobuf::Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

}  // namespace simclr
