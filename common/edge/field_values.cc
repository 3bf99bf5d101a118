#include "common/edge/field_values.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace simclr {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::int64_t kYearOne = -62135596800;
constexpr std::int64_t kEndOfYear9999 = 253402300799;
constexpr std::int64_t kMaxDurationSeconds = 315576000000;
constexpr std::int32_t kMaxNanos = 999999999;

// Calls `use` with the number in its own type.
template <typename Use>
auto WithNumber(const FieldValueRef& value, Use use) {
  const Reflection& reflection = *value.message.GetReflection();
  const Message& m = value.message;
  const FieldDescriptor* f = &value.field;
  const int i = value.index;
  switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return use(i < 0 ? reflection.GetInt32(m, f) : reflection.GetRepeatedInt32(m, f, i));
    case FieldDescriptor::CPPTYPE_INT64:
      return use(i < 0 ? reflection.GetInt64(m, f) : reflection.GetRepeatedInt64(m, f, i));
    case FieldDescriptor::CPPTYPE_UINT32:
      return use(i < 0 ? reflection.GetUInt32(m, f) : reflection.GetRepeatedUInt32(m, f, i));
    case FieldDescriptor::CPPTYPE_UINT64:
      return use(i < 0 ? reflection.GetUInt64(m, f) : reflection.GetRepeatedUInt64(m, f, i));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return use(i < 0 ? reflection.GetFloat(m, f) : reflection.GetRepeatedFloat(m, f, i));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return use(i < 0 ? reflection.GetDouble(m, f) : reflection.GetRepeatedDouble(m, f, i));
    default:
      return use(static_cast<int>(i < 0 ? reflection.GetBool(m, f) : reflection.GetRepeatedBool(m, f, i)));
  }
}

}  // namespace

std::string FieldValueRef::Text() const {
  const Reflection& reflection = *message.GetReflection();
  return index < 0 ? reflection.GetString(message, &field)
                   : reflection.GetRepeatedString(message, &field, index);
}

int FieldValueRef::Word() const {
  const Reflection& reflection = *message.GetReflection();
  return index < 0 ? reflection.GetEnumValue(message, &field)
                   : reflection.GetRepeatedEnumValue(message, &field, index);
}

const Message& FieldValueRef::Part() const {
  const Reflection& reflection = *message.GetReflection();
  return index < 0 ? reflection.GetMessage(message, &field)
                   : reflection.GetRepeatedMessage(message, &field, index);
}

double FieldValueRef::Number() const {
  return WithNumber(*this, [](auto number) { return static_cast<double>(number); });
}

std::string FieldValueRef::NumberInWords() const {
  return WithNumber(*this, [](auto number) { return absl::StrCat(number); });
}

void SetNumber(Message& message, const FieldDescriptor& field, int index, double number) {
  const Reflection& r = *message.GetReflection();
  const auto whole = static_cast<std::int64_t>(number);
  const auto small = static_cast<std::int32_t>(number);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return index < 0 ? r.SetInt32(&message, &field, small)
                       : r.SetRepeatedInt32(&message, &field, index, small);
    case FieldDescriptor::CPPTYPE_INT64:
      return index < 0 ? r.SetInt64(&message, &field, whole)
                       : r.SetRepeatedInt64(&message, &field, index, whole);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return index < 0 ? r.SetDouble(&message, &field, number)
                       : r.SetRepeatedDouble(&message, &field, index, number);
    default:
      return;  // no bound is written for the other types
  }
}

void SetText(Message& message, const FieldDescriptor& field, int index, std::string text) {
  const Reflection& reflection = *message.GetReflection();
  if (index < 0) return reflection.SetString(&message, &field, std::move(text));
  reflection.SetRepeatedString(&message, &field, index, std::move(text));
}

bool IsValid(const google::protobuf::Timestamp& time) {
  return time.seconds() >= kYearOne && time.seconds() <= kEndOfYear9999 && time.nanos() >= 0 &&
         time.nanos() <= kMaxNanos;
}

bool IsValid(const google::protobuf::Duration& duration) {
  const bool one_sign =
      duration.seconds() == 0 || duration.nanos() == 0 || (duration.seconds() < 0) == (duration.nanos() < 0);
  return duration.seconds() >= -kMaxDurationSeconds && duration.seconds() <= kMaxDurationSeconds &&
         duration.nanos() >= -kMaxNanos && duration.nanos() <= kMaxNanos && one_sign;
}

double SecondsOf(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + 1e-9 * duration.nanos();
}

}  // namespace simclr
