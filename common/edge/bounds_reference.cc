#include "common/edge/bounds_reference.h"

#include <google/protobuf/descriptor.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/edge/bounds.h"
#include "common/edge/network_messages.h"

namespace simclr {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

// KIND_JOB_NAME -> "job name".
std::string KindInWords(const EnumValueDescriptor& kind) {
  std::string words = absl::AsciiStrToLower(absl::StripPrefix(kind.name(), "KIND_"));
  for (char& c : words) c = c == '_' ? ' ' : c;
  return words;
}

std::string Cells(const v1::Bound& bound) {
  const bool text = bound.has_max_bytes();
  return absl::StrCat(text ? absl::StrCat(bound.max_bytes()) : "", " | ",
                      bound.has_max_items() ? absl::StrCat(bound.max_items()) : "", " | ",
                      RangeInWords(bound), bound.not_finite() ? "any, NaN and infinities too" : "");
}

std::string KindTable() {
  std::string table = "| kind | bytes | items | number | characters |\n|---|---|---|---|---|\n";
  const EnumDescriptor& kinds = *v1::Kind_descriptor();
  for (int i = 1; i < kinds.value_count(); ++i) {
    const v1::Bound& bound = kinds.value(i)->options().GetExtension(v1::measure);
    absl::StrAppend(&table, "| ", KindInWords(*kinds.value(i)), " | ", Cells(bound), " | ",
                    bound.has_max_bytes() ? CharactersInWords(bound) : "", " |\n");
  }
  return table;
}

void AddFields(const Descriptor& type, std::string& table) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const v1::Bound& own = field.options().GetExtension(v1::bound);
    if (!field.options().HasExtension(v1::bound)) continue;
    const std::string kind = own.kind() == v1::KIND_UNSPECIFIED
                                 ? ""
                                 : KindInWords(*v1::Kind_descriptor()->FindValueByNumber(own.kind()));
    absl::StrAppend(&table, "| `", type.name(), ".", field.name(), "` | ", kind, " | ", Cells(own), " |\n");
  }
}

}  // namespace

std::string BoundsReference() {
  std::string fields = "| field | kind | bytes | items | number |\n|---|---|---|---|---|\n";
  for (const Descriptor* type : NetworkMessages()) AddFields(*type, fields);
  return absl::StrCat("## Kinds of values in messages\n\n", KindTable(), "\n## Fields of messages\n\n",
                      fields);
}

}  // namespace simclr
