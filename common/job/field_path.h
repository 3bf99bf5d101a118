#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace simclr {

// One field of a message that was found by its path.
struct FieldValue {
  const google::protobuf::Message* owner = nullptr;
  const google::protobuf::FieldDescriptor* field = nullptr;

  // False for an optional scalar or a message that is not written.
  bool written() const;
  // A number, of any type; enums give their number, bools 0 or 1.
  double AsDouble() const;
};

// The field at "a.b" of `message`. The path must exist in the type; a section that is not written reads as
// empty.
FieldValue FindField(const google::protobuf::Message& message, absl::string_view path);

// The names of the fields of a message type, in order.
std::vector<std::string> FieldNames(const google::protobuf::Descriptor& type);

}  // namespace simclr
