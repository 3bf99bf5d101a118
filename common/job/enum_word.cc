#include "common/job/enum_word.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "simclr/v1/job.pb.h"

namespace simclr {
namespace {

using google::protobuf::EnumDescriptor;

// "LINEAR_EVAL" of JOB_KIND_LINEAR_EVAL: the value 0 of each enum is PREFIX_UNSPECIFIED. Empty: not known.
absl::string_view BareName(const EnumDescriptor& type, int value) {
  const auto* found = type.FindValueByNumber(value);
  if (found == nullptr) return "";
  return absl::StripPrefix(found->name(),
                           absl::StripSuffix(type.FindValueByNumber(0)->name(), "UNSPECIFIED"));
}

std::string Lower(absl::string_view name, absl::string_view between) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", between}});
}

}  // namespace

std::string EnumWord(const EnumDescriptor& type, int value) {
  if (value == 0) return "";
  const absl::string_view name = BareName(type, value);
  return &type == v1::Phase_descriptor() ? std::string(name) : Lower(name, "-");
}

std::string EnumLabel(const EnumDescriptor& type, int value) {
  return Lower(BareName(type, value), "_");
}

std::string EnumPhrase(const EnumDescriptor& type, int value) {
  return Lower(BareName(type, value), " ");
}

std::vector<int> EnumNumbers(const EnumDescriptor& type) {
  std::vector<int> numbers;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) numbers.push_back(type.value(i)->number());
  }
  return numbers;
}

std::vector<std::string> EnumWords(const EnumDescriptor& type) {
  std::vector<std::string> words;
  for (const int number : EnumNumbers(type)) words.push_back(EnumWord(type, number));
  return words;
}

std::optional<int> EnumOfWord(const EnumDescriptor& type, absl::string_view word) {
  const std::string wanted = Lower(word, "-");
  for (const int number : EnumNumbers(type)) {
    if (Lower(BareName(type, number), "-") == wanted) return number;
  }
  return std::nullopt;
}

}  // namespace simclr
