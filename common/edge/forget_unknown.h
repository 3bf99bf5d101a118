#pragma once

#include <google/protobuf/message.h>

namespace simclr {

// Makes a message of a newer agent or trainer one of this version: words of enums that are not known here
// read as unspecified, fields that are not known are left out. Their doors do it before CheckMessage; people
// are refused instead, because what they ask for would silently not happen. Pure.
void ForgetUnknown(google::protobuf::Message& message);

}  // namespace simclr
