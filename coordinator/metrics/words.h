#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/session_refusal.h"
#include "common/job/enum_word.h"
#include "simclr/v1/cluster_service.pb.h"
#include "simclr/v1/job.pb.h"

// Label values of enums, and the lists of those that exist. Pure.
namespace simclr::coordinator {

template <typename Enum>
std::string Word(Enum value) {
  return EnumLabel(value);
}
std::string Word(v1::Reason reason);       // "none" where there is none
std::string Word(SessionRefusal refusal);  // "name_taken"

template <typename Enum>
std::vector<std::string> Words(const std::vector<Enum>& values) {
  std::vector<std::string> words;
  for (const Enum value : values) words.push_back(Word(value));
  return words;
}

const std::vector<v1::JobKind>& AllKinds();
const std::vector<v1::Phase>& AllPhases();
const std::vector<v1::FailureClass>& AllFailures();
// Of a slot.
const std::vector<v1::Device>& SlotDevices();
// Of a worker that the coordinator counts.
const std::vector<v1::WorkerState>& ShownWorkerStates();
// Of a job that waits.
const std::vector<v1::Reason>& WaitReasons();

struct RestartCause {
  v1::FailureClass failure;
  bool counted;  // against schedule.max_restarts
};
// What can end an attempt without its job.
const std::vector<RestartCause>& AllRestartCauses();

struct JobEnd {
  v1::Phase phase;
  v1::Reason reason;
};
// The ways in which a job can end.
const std::vector<JobEnd>& AllJobEnds();

// The methods of the coordinator's services.
const std::vector<const google::protobuf::MethodDescriptor*>& AllMethods();
// "unary", "client_stream", "server_stream" or "bidi_stream", as in RpcCall.
const char* TypeWord(const google::protobuf::MethodDescriptor& method);
inline constexpr char kUnary[] = "unary";
inline constexpr char kServerStream[] = "server_stream";

// A status code in the spelling of gRPC for Go, which the metrics of calls come from: "OK",
// "InvalidArgument".
std::string CodeWord(absl::StatusCode code);
std::vector<std::string> AllCodes();

}  // namespace simclr::coordinator
