#include "coordinator/metrics/labels.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "coordinator/metrics/words.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

using google::protobuf::MethodDescriptor;

// Each word once, in the order in which they come first.
std::vector<std::string> Distinct(const std::vector<std::string>& words) {
  std::vector<std::string> distinct;
  for (const std::string& word : words) {
    if (std::count(distinct.begin(), distinct.end(), word) == 0) distinct.push_back(word);
  }
  return distinct;
}

std::vector<Label> LabelsOfCalls(const std::vector<const MethodDescriptor*>& calls) {
  std::vector<std::string> services, methods, types;
  for (const MethodDescriptor* method : calls) {
    services.push_back(method->service()->full_name());
    methods.push_back(method->name());
    types.emplace_back(TypeWord(*method));
  }
  return {{"grpc_service", Distinct(services)},
          {"grpc_method", Distinct(methods)},
          {"grpc_type", Distinct(types)}};
}

std::vector<v1::Phase> Phases(bool terminal) {
  std::vector<v1::Phase> phases;
  std::ranges::copy_if(AllPhases(), std::back_inserter(phases),
                       [&](v1::Phase phase) { return IsTerminal(phase) == terminal; });
  return phases;
}

}  // namespace

Label KindLabel() {
  return {"kind", Words(AllKinds())};
}

Label PhaseLabel() {
  return {"phase", Words(AllPhases())};
}

Label PassingPhaseLabel() {
  return {"phase", Words(Phases(/*terminal=*/false))};
}

Label LastPhaseLabel() {
  return {"phase", Words(Phases(/*terminal=*/true))};
}

Label EndReasonLabel() {
  std::vector<std::string> words;
  for (const JobEnd& end : AllJobEnds()) words.push_back(Word(end.reason));
  return {"reason", Distinct(words)};
}

Label RestartClassLabel() {
  std::vector<std::string> words;
  for (const RestartCause& cause : AllRestartCauses()) words.push_back(Word(cause.failure));
  return {"class", Distinct(words)};
}

Label SlotDeviceLabel() {
  return {"device", Words(SlotDevices())};
}

Label DecisionLabel() {
  return {"result",
          {"placed", Word(v1::REASON_WAITING_FOR_CAPACITY), Word(v1::REASON_NO_SUCH_CAPACITY),
           Word(v1::REASON_NODES_EXCLUDED), Word(v1::REASON_VERSIONS_DIFFER)}};
}

Label RequestLabel() {
  std::vector<std::string> words;
  for (const MethodDescriptor* method : AllMethods()) words.push_back(method->input_type()->name());
  return {"message", Distinct(words)};
}

std::vector<Label> CallLabels() {
  return LabelsOfCalls(AllMethods());
}

std::vector<Label> UnaryCallLabels() {
  std::vector<const MethodDescriptor*> unary;
  std::ranges::copy_if(AllMethods(), std::back_inserter(unary), [](const MethodDescriptor* method) {
    return !method->client_streaming() && !method->server_streaming();
  });
  return LabelsOfCalls(unary);
}

std::vector<Label> EndedCallLabels() {
  std::vector<Label> labels = CallLabels();
  labels.emplace_back("grpc_code", AllCodes());
  return labels;
}

}  // namespace simclr::coordinator
