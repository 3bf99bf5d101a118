#include "common/edge/network_messages.h"

#include <algorithm>

#include "simclr/v1/cluster_service.pb.h"
#include "simclr/v1/event.pb.h"
#include "simclr/v1/job.pb.h"
#include "simclr/v1/job_service.pb.h"
#include "simclr/v1/trainer_service.pb.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;

void AddWithParts(const Descriptor* type, std::vector<const Descriptor*>& types) {
  if (type->file()->package() != "simclr.v1" || std::count(types.begin(), types.end(), type) > 0) return;
  if (!type->options().map_entry()) types.push_back(type);
  for (int i = 0; i < type->field_count(); ++i) {
    if (const Descriptor* part = type->field(i)->message_type()) AddWithParts(part, types);
  }
}

// Agents and trainers take answers from the network; what people take is theirs to judge.
bool AnswersPrograms(const ServiceDescriptor& service) {
  return service.file() == v1::Observed::descriptor()->file() ||
         service.file() == v1::TrainerReport::descriptor()->file();
}

}  // namespace

const std::vector<const FileDescriptor*>& ProtocolFiles() {
  static const auto& files = *new std::vector<const FileDescriptor*>{
      v1::JobSpec::descriptor()->file(),       v1::SubmitJobRequest::descriptor()->file(),
      v1::Worker::descriptor()->file(),        v1::Observed::descriptor()->file(),
      v1::TrainerReport::descriptor()->file(), v1::Event::descriptor()->file()};
  return files;
}

std::vector<const Descriptor*> NetworkMessages() {
  std::vector<const Descriptor*> types;
  for (const FileDescriptor* file : ProtocolFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      const ServiceDescriptor& service = *file->service(s);
      for (int m = 0; m < service.method_count(); ++m) {
        AddWithParts(service.method(m)->input_type(), types);
        if (AnswersPrograms(service)) AddWithParts(service.method(m)->output_type(), types);
      }
    }
  }
  return types;
}

}  // namespace simclr
