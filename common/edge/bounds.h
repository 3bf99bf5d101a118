#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "simclr/v1/bounds.pb.h"

// What fields may hold, as the protos say it. All functions are pure.
namespace simclr {

// Bytes of fields that this version does not know, of one message without its parts: such fields are kept,
// so they are bounded, too.
constexpr std::size_t kMaxUnknownBytes = 4096;

// What the field's bound says together with its kind; nothing is set where the field has none.
const v1::Bound& BoundOf(const google::protobuf::FieldDescriptor& field);

// Whether all characters are those of the bound's set; the length is another matter.
bool CharactersFit(const v1::Bound& bound, absl::string_view text);
// That, and the length.
bool TextFits(const v1::Bound& bound, absl::string_view text);
// "letters, digits, ...".
std::string CharactersInWords(const v1::Bound& bound);

// Whether the number is within the range; NaN and infinities are where the bound lets them.
bool NumberFits(const v1::Bound& bound, double number);
// "in [0, 4095]"; empty for any number.
std::string RangeInWords(const v1::Bound& bound);

// Of one message without its parts.
std::size_t UnknownBytes(const google::protobuf::Message& message);

}  // namespace simclr
