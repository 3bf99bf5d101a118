#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>

#include <cmath>
#include <random>
#include <string>

#include "simclr/v1/job.pb.h"

namespace simclr {

inline std::string RandomText(std::mt19937_64& random) {
  const std::string alphabet = "ab9 :-_./\"'\\#{}[],&*!|>%@\n\t\xc3\xa9";
  std::string text(random() % 8, ' ');
  // The last two characters of the alphabet are the halves of one letter.
  for (char& c : text) c = alphabet[random() % (alphabet.size() - 2)];
  if (random() % 4 == 0) text += "\xc3\xa9";
  return text;
}

inline void FillMapRandomly(std::mt19937_64& random, const google::protobuf::FieldDescriptor* field,
                            google::protobuf::Message& message) {
  for (std::uint64_t i = random() % 4; i > 0; --i) {
    google::protobuf::Message& entry = *message.GetReflection()->AddMessage(&message, field);
    const std::string key = std::to_string(i) + RandomText(random);  // one of each
    entry.GetReflection()->SetString(&entry, field->message_type()->map_key(), key);
    entry.GetReflection()->SetString(&entry, field->message_type()->map_value(), RandomText(random));
  }
}

// Fills about half of the fields of `message` with values of the right type, not of the right range.
inline void FillRandomly(std::mt19937_64& random, google::protobuf::Message& message) {
  using google::protobuf::FieldDescriptor;
  const auto& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (random() % 2 == 0) continue;
    if (field->is_map()) {
      FillMapRandomly(random, field, message);
      continue;
    }
    if (field->message_type() == google::protobuf::Duration::descriptor()) {
      google::protobuf::Duration duration;
      duration.set_seconds(static_cast<std::int64_t>(random() % 1'000'000));
      duration.set_nanos(static_cast<std::int32_t>(random() % 2) * 500'000'000);
      reflection.MutableMessage(&message, field)->CopyFrom(duration);
      continue;
    }
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        reflection.SetInt32(&message, field, static_cast<std::int32_t>(random()));
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        reflection.SetInt64(&message, field, static_cast<std::int64_t>(random()));
        break;
      case FieldDescriptor::CPPTYPE_UINT64:
        reflection.SetUInt64(&message, field, random());
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        reflection.SetDouble(&message, field,
                             std::ldexp(static_cast<double>(random()), -static_cast<int>(random() % 90)));
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        reflection.SetBool(&message, field, random() % 2 == 0);
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        reflection.SetEnumValue(&message, field,
                                1 + static_cast<int>(random() % (field->enum_type()->value_count() - 1)));
        break;
      case FieldDescriptor::CPPTYPE_STRING:
        reflection.SetString(&message, field, RandomText(random));
        break;
      default:
        FillRandomly(random, *reflection.MutableMessage(&message, field));
    }
  }
}

inline v1::JobSpec RandomSpec(std::mt19937_64& random) {
  v1::JobSpec spec;
  FillRandomly(random, spec);
  spec.set_after("");
  return spec;
}

}  // namespace simclr
