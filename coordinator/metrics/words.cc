#include "coordinator/metrics/words.h"

#include <iterator>

#include "absl/strings/str_replace.h"
#include "simclr/v1/job_service.pb.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::coordinator {
namespace {

// The index is the code's number.
constexpr const char* kCodes[] = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

}  // namespace

std::string Word(v1::Reason reason) {
  return reason == v1::REASON_UNSPECIFIED ? "none" : EnumLabel(reason);
}
std::string Word(SessionRefusal refusal) {
  return absl::StrReplaceAll(SessionRefusalWord(refusal), {{"-", "_"}});
}

const std::vector<v1::JobKind>& AllKinds() {
  static const std::vector<v1::JobKind> kinds = EnumValues<v1::JobKind>();
  return kinds;
}

const std::vector<v1::Phase>& AllPhases() {
  static const std::vector<v1::Phase> phases = EnumValues<v1::Phase>();
  return phases;
}

const std::vector<v1::FailureClass>& AllFailures() {
  static const std::vector<v1::FailureClass> failures = EnumValues<v1::FailureClass>();
  return failures;
}

const std::vector<v1::Device>& SlotDevices() {
  static const std::vector<v1::Device> devices = {v1::DEVICE_CPU, v1::DEVICE_CUDA};
  return devices;
}

const std::vector<v1::WorkerState>& ShownWorkerStates() {
  static const std::vector<v1::WorkerState> states = {v1::WORKER_STATE_CONNECTED, v1::WORKER_STATE_UNKNOWN,
                                                      v1::WORKER_STATE_LOST};
  return states;
}

const std::vector<v1::Reason>& WaitReasons() {
  static const std::vector<v1::Reason> reasons = {
      v1::REASON_EVALUATING,     v1::REASON_WAITING_FOR_CAPACITY, v1::REASON_NO_SUCH_CAPACITY,
      v1::REASON_BACKOFF,        v1::REASON_DEPENDENCY,           v1::REASON_STORAGE_FULL,
      v1::REASON_NODES_EXCLUDED, v1::REASON_VERSIONS_DIFFER};
  return reasons;
}

const std::vector<RestartCause>& AllRestartCauses() {
  static const std::vector<RestartCause> causes = {
      {v1::FAILURE_CLASS_DRAINED, false},      {v1::FAILURE_CLASS_PEER_LOST, false},
      {v1::FAILURE_CLASS_HARDWARE, false},     {v1::FAILURE_CLASS_STORAGE_FULL, false},
      {v1::FAILURE_CLASS_HANG, false},         {v1::FAILURE_CLASS_WORKER_LOST, false},
      {v1::FAILURE_CLASS_CRASH, true},         {v1::FAILURE_CLASS_RESOURCE, true},
      {v1::FAILURE_CLASS_HARDWARE, true},      {v1::FAILURE_CLASS_HANG, true},
      {v1::FAILURE_CLASS_BUILD_DIFFERS, false}};
  return causes;
}

const std::vector<JobEnd>& AllJobEnds() {
  static const std::vector<JobEnd> ends = {{v1::PHASE_SUCCEEDED, v1::REASON_UNSPECIFIED},
                                           {v1::PHASE_FAILED, v1::REASON_FAILURE},
                                           {v1::PHASE_FAILED, v1::REASON_RESTARTS_EXHAUSTED},
                                           {v1::PHASE_FAILED, v1::REASON_NO_PROGRESS},
                                           {v1::PHASE_CANCELLED, v1::REASON_CANCELLED_BY_USER},
                                           {v1::PHASE_CANCELLED, v1::REASON_DEPENDENCY_FAILED}};
  return ends;
}

const std::vector<const google::protobuf::MethodDescriptor*>& AllMethods() {
  static const auto& methods = *new std::vector<const google::protobuf::MethodDescriptor*>([] {
    std::vector<const google::protobuf::MethodDescriptor*> all;
    for (const google::protobuf::FileDescriptor* file :
         {v1::SubmitJobRequest::descriptor()->file(), v1::GetStatusRequest::descriptor()->file(),
          v1::Observed::descriptor()->file()}) {
      for (int s = 0; s < file->service_count(); ++s) {
        for (int m = 0; m < file->service(s)->method_count(); ++m) all.push_back(file->service(s)->method(m));
      }
    }
    return all;
  }());
  return methods;
}

const char* TypeWord(const google::protobuf::MethodDescriptor& method) {
  if (method.client_streaming()) return method.server_streaming() ? "bidi_stream" : "client_stream";
  return method.server_streaming() ? kServerStream : kUnary;
}

std::string CodeWord(absl::StatusCode code) {
  const auto index = static_cast<std::size_t>(code);
  return index < std::size(kCodes) ? kCodes[index] : kCodes[2];
}

std::vector<std::string> AllCodes() {
  return {std::begin(kCodes), std::end(kCodes)};
}

}  // namespace simclr::coordinator
