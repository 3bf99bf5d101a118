#include "common/edge/mend_message.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/text.h"
#include "common/edge/bounds.h"
#include "common/edge/field_values.h"

namespace simclr {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::size_t MaxBytes(const v1::Bound& bound) {
  return bound.has_max_bytes() ? static_cast<std::size_t>(bound.max_bytes()) : kNoTextLimit;
}

// Character by character, so that equal names stay equal.
std::string MendedName(const v1::Bound& bound, std::string name) {
  for (char& c : name) {
    const char later[] = {'x', c};  // what may not come first may come later
    if (!CharactersFit(bound, absl::string_view(later, 2))) c = '_';
  }
  if (!name.empty() && !CharactersFit(bound, name)) name[0] = 'x';
  return name;
}

std::string MendedText(const v1::Bound& bound, const FieldDescriptor& field, const std::string& text) {
  const std::size_t limit = MaxBytes(bound);
  if (field.type() == FieldDescriptor::TYPE_BYTES) return text.substr(0, limit);
  if (text.size() <= limit && CharactersFit(bound, text)) return text;
  switch (bound.charset()) {
    case v1::Bound::TEXT:
      return bound.lines() ? PrintableLines(text, limit) : Printable(text, limit);
    case v1::Bound::HEXADECIMAL:
      return "";
    default:
      return MendedName(bound, text.substr(0, limit));
  }
}

double MendedNumber(const v1::Bound& bound, double number) {
  if (std::isnan(number)) number = 0;
  if (std::isinf(number)) number = std::copysign(std::numeric_limits<double>::max(), number);
  if (bound.has_min()) number = std::max(number, bound.min());
  return bound.has_max() ? std::min(number, bound.max()) : number;
}

void MendTime(google::protobuf::Timestamp& time) {
  google::protobuf::Timestamp whole;
  whole.set_seconds(time.seconds());
  if (!IsValid(whole)) time.set_seconds(0);
  if (!IsValid(time)) time.set_nanos(0);
}

void MendDuration(const v1::Bound& bound, google::protobuf::Duration& duration) {
  if (IsValid(duration) && NumberFits(bound, SecondsOf(duration))) return;
  const double seconds = MendedNumber(bound, static_cast<double>(duration.seconds()));
  constexpr double kLongest = 315576000000;
  duration.set_seconds(static_cast<std::int64_t>(std::clamp(seconds, -kLongest, kLongest)));
  duration.set_nanos(0);
}

void MendFields(Message& message);

void MendPart(const v1::Bound& bound, Message& part) {
  if (part.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    MendTime(static_cast<google::protobuf::Timestamp&>(part));
  } else if (part.GetDescriptor() == google::protobuf::Duration::descriptor()) {
    MendDuration(bound, static_cast<google::protobuf::Duration&>(part));
  } else {
    MendFields(part);
  }
}

void MendValue(const v1::Bound& bound, Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const FieldValueRef value{message, field, index};
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text = value.Text();
      std::string mended = MendedText(bound, field, text);
      if (mended != text) SetText(message, field, index, std::move(mended));
      break;
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      break;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      MendPart(bound, index < 0 ? *reflection.MutableMessage(&message, &field)
                                : *reflection.MutableRepeatedMessage(&message, &field, index));
      break;
    default:
      if (!NumberFits(bound, value.Number())) {
        SetNumber(message, field, index, MendedNumber(bound, value.Number()));
      }
  }
}

// Two keys may be mended to one; the first in the order of the old keys stays.
void MendMap(const v1::Bound& bound, Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor& key = *field.message_type()->map_key();
  std::map<std::string, std::unique_ptr<Message>> by_key;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    std::unique_ptr<Message>& copy = by_key[FieldValueRef{entry, key, -1}.Text()];
    copy.reset(entry.New());
    copy->CopyFrom(entry);
  }
  std::map<std::string, std::unique_ptr<Message>> mended;
  for (auto& [old_key, entry] : by_key) {
    MendValue(bound, *entry, key, -1);
    MendValue(bound, *entry, *field.message_type()->map_value(), -1);
    mended.emplace(FieldValueRef{*entry, key, -1}.Text(), std::move(entry));
  }
  reflection.ClearField(&message, &field);
  for (const auto& [new_key, entry] : mended) {
    if (bound.has_max_items() && reflection.FieldSize(message, &field) == bound.max_items()) break;
    reflection.AddMessage(&message, &field)->CopyFrom(*entry);
  }
}

void MendList(Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const v1::Bound& bound = BoundOf(field);
  if (field.is_map()) return MendMap(bound, message, field);
  while (bound.has_max_items() && reflection.FieldSize(message, &field) > bound.max_items()) {
    reflection.RemoveLast(&message, &field);
  }
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) MendValue(bound, message, field, i);
}

void MendFields(Message& message) {
  const Reflection& reflection = *message.GetReflection();
  if (UnknownBytes(message) > kMaxUnknownBytes) reflection.MutableUnknownFields(&message)->Clear();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->is_repeated()) {
      MendList(message, *field);
    } else {
      MendValue(BoundOf(*field), message, *field, -1);
    }
  }
}

}  // namespace

void Mend(Message& message) {
  MendFields(message);
}

}  // namespace simclr
