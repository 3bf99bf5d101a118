#pragma once

#include <prometheus/text_serializer.h>

#include <string>
#include <vector>

#include "coordinator/metrics/metric_list.h"
#include "simclr/v1/job.pb.h"
#include "tests/support/closed_labels.h"

namespace simclr::coordinator {

// The page of these families, none of which may have a label that the list of metrics does not know.
inline std::string Text(const std::vector<prometheus::MetricFamily>& families) {
  ExpectClosedLabels(Metrics(), families);
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
  const bool waits = phase == v1::PHASE_BLOCKED || phase == v1::PHASE_QUEUED || phase == v1::PHASE_PAUSED;
  job.mutable_status()->set_reason(waits && reason == v1::REASON_UNSPECIFIED ? v1::REASON_EVALUATING
                                                                             : reason);
  return job;
}

}  // namespace simclr::coordinator
