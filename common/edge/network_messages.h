#pragma once

#include <google/protobuf/descriptor.h>

#include <vector>

namespace simclr {

// Every file of the protocol; the journal's messages, which never travel, are in one of them.
const std::vector<const google::protobuf::FileDescriptor*>& ProtocolFiles();

// The types of the messages that a program of ours takes from another one, with all that they consist of, in
// the order of the services: requests, and what agents and trainers are answered. The answers to people are
// not among them.
std::vector<const google::protobuf::Descriptor*> NetworkMessages();

}  // namespace simclr
