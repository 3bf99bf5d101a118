#pragma once

#include <google/protobuf/message.h>
#include <yaml-cpp/node/node.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace simclr {

// The documents of `text`. INVALID_ARGUMENT with "NAME:LINE: ..." for text that is not YAML. Never throws.
absl::StatusOr<std::vector<YAML::Node>> LoadYaml(absl::string_view text, absl::string_view name);

// Reads the map `node` into `message`, by its descriptor (singular scalars, enums and messages).
// INVALID_ARGUMENT with "WHERE:LINE: ..." for what does not fit. Never throws.
absl::Status ReadYamlMap(const YAML::Node& node, absl::string_view where, google::protobuf::Message& message);

// Sets the field at the dotted `path` of `message` from the YAML text `value`; a string field takes it
// literally. Errors start with `where`.
absl::Status SetFieldFromText(absl::string_view path, absl::string_view value, absl::string_view where,
                              google::protobuf::Message& message);

}  // namespace simclr
