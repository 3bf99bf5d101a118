#include "common/edge/bounds.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/text.h"
#include "common/edge/network_messages.h"

namespace simclr {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using Bounds = absl::flat_hash_map<const FieldDescriptor*, v1::Bound>;

v1::Bound Merged(const FieldDescriptor& field) {
  const v1::Bound& own = field.options().GetExtension(v1::bound);
  v1::Bound merged =
      v1::Kind_descriptor()->FindValueByNumber(own.kind())->options().GetExtension(v1::measure);
  merged.MergeFrom(own);
  return merged;
}

void AddBounds(const Descriptor& type, Bounds& bounds) {
  for (int i = 0; i < type.field_count(); ++i) bounds.emplace(type.field(i), Merged(*type.field(i)));
  for (int i = 0; i < type.nested_type_count(); ++i) AddBounds(*type.nested_type(i), bounds);
}

// Read from the options once: each message on the wire asks for each of its fields.
const Bounds& AllBounds() {
  static const Bounds& all = *new Bounds([] {
    Bounds bounds;
    for (const FileDescriptor* file : ProtocolFiles()) {
      for (int i = 0; i < file->message_type_count(); ++i) AddBounds(*file->message_type(i), bounds);
    }
    return bounds;
  }());
  return all;
}

bool IsIdentifier(absl::string_view text, absl::string_view marks) {
  if (text.empty()) return true;
  return absl::ascii_isalnum(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
           return absl::ascii_isalnum(c) || marks.find(c) != absl::string_view::npos;
         });
}

bool IsHexadecimal(char c) {
  return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
}

bool IsPrintable(absl::string_view text, bool lines) {
  if (std::all_of(text.begin(), text.end(), absl::ascii_isprint)) return true;
  return (lines ? PrintableLines(text) : Printable(text)) == text;
}

std::string NumberText(double number) {
  if (std::abs(number) < 1e7) return absl::StrCat(static_cast<std::int64_t>(number));
  return absl::StrFormat("%g", number);
}

}  // namespace

const v1::Bound& BoundOf(const FieldDescriptor& field) {
  const auto found = AllBounds().find(&field);
  return found == AllBounds().end() ? v1::Bound::default_instance() : found->second;
}

bool CharactersFit(const v1::Bound& bound, absl::string_view text) {
  switch (bound.charset()) {
    case v1::Bound::VISIBLE:
      return std::all_of(text.begin(), text.end(), absl::ascii_isgraph);
    case v1::Bound::IDENTIFIER:
      return IsIdentifier(text, "-_.");
    case v1::Bound::METRIC:
      return IsIdentifier(text, "-_./");
    case v1::Bound::HEXADECIMAL:
      return std::all_of(text.begin(), text.end(), IsHexadecimal);
    default:
      return IsPrintable(text, bound.lines());
  }
}

bool TextFits(const v1::Bound& bound, absl::string_view text) {
  const bool short_enough =
      !bound.has_max_bytes() || text.size() <= static_cast<std::size_t>(bound.max_bytes());
  return short_enough && CharactersFit(bound, text);
}

std::string CharactersInWords(const v1::Bound& bound) {
  switch (bound.charset()) {
    case v1::Bound::VISIBLE:
      return "ASCII without spaces and control characters";
    case v1::Bound::IDENTIFIER:
      return "letters, digits, '-', '_' and '.', a letter or a digit first";
    case v1::Bound::METRIC:
      return "letters, digits, '-', '_', '.' and '/', a letter or a digit first";
    case v1::Bound::HEXADECIMAL:
      return "digits and the letters a to f";
    default:
      return bound.lines() ? "UTF-8; of control characters only line feeds and tabs"
                           : "UTF-8 without control characters";
  }
}

bool NumberFits(const v1::Bound& bound, double number) {
  if (!std::isfinite(number)) return bound.not_finite();
  return (!bound.has_min() || number >= bound.min()) && (!bound.has_max() || number <= bound.max());
}

std::string RangeInWords(const v1::Bound& bound) {
  if (!bound.has_min() && !bound.has_max()) return "";
  return absl::StrCat("in [", bound.has_min() ? NumberText(bound.min()) : "any", ", ",
                      bound.has_max() ? NumberText(bound.max()) : "any", "]");
}

std::size_t UnknownBytes(const google::protobuf::Message& message) {
  const google::protobuf::UnknownFieldSet& unknown = message.GetReflection()->GetUnknownFields(message);
  if (unknown.empty()) return 0;
  std::string bytes;
  unknown.SerializeToString(&bytes);
  return bytes.size();
}

}  // namespace simclr
