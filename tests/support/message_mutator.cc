#include "tests/support/message_mutator.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/edge/bounds.h"
#include "common/edge/field_values.h"

namespace simclr {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kMaxDepth = 8;
constexpr std::size_t kLongText = 6000;  // beyond most bounds

const std::vector<std::string>& OddTexts() {
  static const auto& texts = *new std::vector<std::string>{"caf\xe9.png",
                                                           "\xed\xa0\x80",
                                                           "a\nb",
                                                           "\x1b[2J",
                                                           std::string("a\0b", 3),
                                                           "../../etc/passwd",
                                                           "-rf",
                                                           ".",
                                                           "..",
                                                           "a/b",
                                                           "\xe2\x80\xae"
                                                           "gpj",
                                                           "\xf4\x90\x80\x80",
                                                           "\xc3",
                                                           " ",
                                                           "%s%n",
                                                           "NaN",
                                                           "a\tb",
                                                           "\"',;|"};
  return texts;
}

void AddItem(Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.AddString(&message, &field, "");
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.AddInt32(&message, &field, 0);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.AddInt64(&message, &field, 0);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.AddDouble(&message, &field, 0);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.AddEnumValue(&message, &field, 0);
    default:
      reflection.AddMessage(&message, &field);
  }
}

void SetWord(Message& message, const FieldDescriptor& field, int index, int word) {
  const Reflection& reflection = *message.GetReflection();
  if (index < 0) return reflection.SetEnumValue(&message, &field, word);
  reflection.SetRepeatedEnumValue(&message, &field, index, word);
}

}  // namespace

void MessageMutator::Fill(Message& message) {
  if (depth_ >= kMaxDepth) return;
  ++depth_;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (OneIn(2)) continue;
    if (field.is_repeated()) {
      FillList(message, field);
    } else {
      FillValue(message, field, -1, field);
    }
  }
  if (OneIn(odd_in_)) {
    message.GetReflection()->MutableUnknownFields(&message)->AddLengthDelimited(900)->assign(
        random_() % (2 * kMaxUnknownBytes), 'u');
  }
  --depth_;
}

void MessageMutator::Mutate(Message& message) {
  odd_in_ = 2;
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (OneIn(3)) {
      reflection.ClearField(&message, field);
      if (field->is_repeated())
        FillList(message, *field);
      else
        FillValue(message, *field, -1, *field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated()) {
      Mutate(*reflection.MutableMessage(&message, field));
    }
  }
  odd_in_ = 12;
}

void MessageMutator::FillList(Message& message, const FieldDescriptor& field) {
  const v1::Bound& bound = BoundOf(field);
  int size = static_cast<int>(random_() % 4);
  // Lists of messages that are too long take long to make.
  if (OneIn(odd_in_) && bound.has_max_items() && bound.max_items() <= 300) {
    size = bound.max_items() + static_cast<int>(random_() % 3);
  }
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < size; ++i) {
    if (!field.is_map()) {
      AddItem(message, field);
      FillValue(message, field, i, field);
      continue;
    }
    Message& entry = *reflection.AddMessage(&message, &field);
    FillValue(entry, *entry.GetDescriptor()->map_key(), -1, field);
    FillValue(entry, *entry.GetDescriptor()->map_value(), -1, field);
  }
}

void MessageMutator::FillValue(Message& message, const FieldDescriptor& field, int index,
                               const FieldDescriptor& bounded) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return SetText(message, field, index, Text(field, bounded));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int known = static_cast<int>(random_() % static_cast<unsigned>(field.enum_type()->value_count()));
      return SetWord(message, field, index, OneIn(odd_in_) ? 1000 + known : known);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return FillPart(index < 0 ? *reflection.MutableMessage(&message, &field)
                                : *reflection.MutableRepeatedMessage(&message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.SetUInt64(&message, &field, OneIn(odd_in_) ? random_() : random_() % 3);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, &field, OneIn(2));
    case FieldDescriptor::CPPTYPE_INT32:
      return SetNumber(message, field, index, std::clamp(Number(bounded), -2147483648.0, 2147483647.0));
    case FieldDescriptor::CPPTYPE_INT64:
      return SetNumber(message, field, index, std::clamp(Number(bounded), -9e18, 9e18));
    default:
      return SetNumber(message, field, index, OneIn(odd_in_) ? std::nan("") : Number(bounded));
  }
}

void MessageMutator::FillPart(Message& part) {
  const bool odd = OneIn(odd_in_);
  const auto seconds = static_cast<std::int64_t>(odd ? random_() : random_() % 1000);
  const auto nanos = static_cast<std::int32_t>(odd ? random_() : random_() % 1000000000);
  if (part.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    static_cast<google::protobuf::Timestamp&>(part).set_seconds(seconds);
    static_cast<google::protobuf::Timestamp&>(part).set_nanos(nanos);
  } else if (part.GetDescriptor() == google::protobuf::Duration::descriptor()) {
    static_cast<google::protobuf::Duration&>(part).set_seconds(seconds);
    static_cast<google::protobuf::Duration&>(part).set_nanos(nanos);
  } else {
    Fill(part);
  }
}

std::string MessageMutator::Text(const FieldDescriptor& field, const FieldDescriptor& bounded) {
  if (!OneIn(odd_in_)) return GoodText(bounded);
  const v1::Bound& bound = BoundOf(bounded);
  const std::size_t limit = bound.has_max_bytes() ? static_cast<std::size_t>(bound.max_bytes()) : kLongText;
  const std::string& odd = OddTexts()[random_() % OddTexts().size()];
  if (OneIn(2)) return odd;
  std::string text(std::min(limit, 2 * kLongText) - random_() % 3, 'a');
  return OneIn(2) ? absl::StrCat(text, odd) : absl::StrCat(odd, text);
}

std::string MessageMutator::GoodText(const FieldDescriptor& bounded) {
  const v1::Bound& bound = BoundOf(bounded);
  std::string text(random_() % 9, 'a');
  for (char& c : text) c = "abcdef0123456789"[random_() % 16];
  if (bound.charset() == v1::Bound::TEXT && OneIn(4)) text += " caf\xc3\xa9";
  if (bound.lines() && OneIn(4)) text += "\nb";
  return text;
}

double MessageMutator::Number(const FieldDescriptor& bounded) {
  const v1::Bound& bound = BoundOf(bounded);
  const double min = bound.has_min() ? bound.min() : -100;
  const double max = bound.has_max() ? bound.max() : 100;
  const double edges[] = {min, max, 0, 1};
  const double beyond[] = {min - 1, std::max(max + 1, std::nextafter(max, 2e18)), -9e18, 9e18};
  if (OneIn(odd_in_)) return beyond[random_() % 4];
  if (OneIn(4)) return std::clamp(edges[random_() % 4], min, max);
  return std::clamp(static_cast<double>(random_() % 100), min, max);
}

}  // namespace simclr
