#pragma once

#include <prometheus/text_serializer.h>

#include <string>
#include <vector>

#include "simclr/v1/job.pb.h"

namespace simclr::coordinator {

inline std::string Text(const std::vector<prometheus::MetricFamily>& families) {
  return prometheus::TextSerializer().Serialize(families);
}

inline v1::Job JobIn(v1::Phase phase, v1::Reason reason = v1::REASON_UNSPECIFIED,
                     const std::string& id = "j-1") {
  v1::Job job;
  job.set_id(id);
  job.mutable_spec()->set_kind(v1::JOB_KIND_PRETRAIN);
  job.mutable_spec()->mutable_resources()->set_ranks(2);
  job.mutable_spec()->mutable_resources()->set_device(v1::DEVICE_AUTO);
  job.mutable_status()->set_phase(phase);
  job.mutable_status()->set_reason(reason);
  return job;
}

}  // namespace simclr::coordinator
