#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/generated_enum_reflection.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// The words of the enums of simclr.v1, made from the names of their values, in the forms that are used. Pure.
namespace simclr {

// In documents and on the command line: "linear-eval"; phases in CAPITALS; "" where it is unspecified or not
// known.
std::string EnumWord(const google::protobuf::EnumDescriptor& type, int value);
// In labels of metrics: "worker_lost", "running", "unspecified"; "" where it is not known.
std::string EnumLabel(const google::protobuf::EnumDescriptor& type, int value);
// In sentences: "worker lost".
std::string EnumPhrase(const google::protobuf::EnumDescriptor& type, int value);

// Every value but UNSPECIFIED, in the order of the proto.
std::vector<int> EnumNumbers(const google::protobuf::EnumDescriptor& type);
// All that EnumWord gives, in the order of the proto, but for "".
std::vector<std::string> EnumWords(const google::protobuf::EnumDescriptor& type);
// What EnumWord gives, in any case and with '_' for '-', back to its value. nullopt: no value has it.
std::optional<int> EnumOfWord(const google::protobuf::EnumDescriptor& type, absl::string_view word);

template <typename Enum>
std::string EnumWord(Enum value) {
  return EnumWord(*google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
}
template <typename Enum>
std::string EnumLabel(Enum value) {
  return EnumLabel(*google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
}
template <typename Enum>
std::string EnumPhrase(Enum value) {
  return EnumPhrase(*google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
}
template <typename Enum>
std::vector<Enum> EnumValues() {
  std::vector<Enum> values;
  for (const int number : EnumNumbers(*google::protobuf::GetEnumDescriptor<Enum>()))
    values.push_back(static_cast<Enum>(number));
  return values;
}

}  // namespace simclr
