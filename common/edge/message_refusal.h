#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace simclr {

// Why a message is refused at the door. The words are labels of metrics.
enum class MessageRefusal {
  kUnreadable,  // "unreadable": its bytes are no message, or a text in it is not UTF-8
  kSize,        // "size": a text, or what this version does not know, is too long
  kItems,       // "items": a list or map has too many
  kRange,       // "range": a number or a time is outside of its range
  kText,        // "text": a text holds characters that it must not
  kWord,        // "word": a word of an enum that this version does not know
  kContext,     // "context": each field is fine, but they do not fit together
};

// INVALID_ARGUMENT that RefusalReason knows.
absl::Status RefusedStatus(MessageRefusal reason, absl::string_view message);

// The word of a status of RefusedStatus; empty for any other one.
std::string RefusalReason(const absl::Status& status);

// Every word.
std::vector<std::string> RefusalReasons();

}  // namespace simclr
