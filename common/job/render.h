#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "common/job/text_tree.h"
#include "simclr/v1/job.pb.h"

namespace simclr {

// The JSON and YAML that people and scripts see, by descriptor, for any message of simclr.v1: field names in
// snake_case and field order; numbers as numbers (a non-finite one as null in JSON); enum words without
// prefix, lower case with '-' (phases in CAPITALS), "" where unspecified; zero fields printed; times RFC 3339
// in UTC, durations in seconds, both null where unset; maps sorted by key. Optional scalars and messages that
// are not set are left out. What ToYaml writes of a JobSpec, ParseJobFile reads back. Pure.
std::string ToJson(const google::protobuf::Message& message);
std::string ToYaml(const google::protobuf::Message& message);

// What both are written from.
TextTree TreeOf(const google::protobuf::Message& message);

}  // namespace simclr
