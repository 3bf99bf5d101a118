#pragma once

#include <vector>

#include "common/metrics/metric.h"

// Labels of the coordinator's metrics whose words follow from enums and services. Pure.
namespace simclr::coordinator {

Label KindLabel();          // of jobs
Label PhaseLabel();         // of jobs
Label PassingPhaseLabel();  // those that a job leaves again
Label LastPhaseLabel();     // those in which it ends
Label EndReasonLabel();
Label RestartClassLabel();
Label SlotDeviceLabel();
Label DecisionLabel();  // of the scheduler
Label RequestLabel();   // types of requests

// Service, method and type of all calls, or of those with one answer; and of calls that ended, with their
// code.
std::vector<Label> CallLabels();
std::vector<Label> UnaryCallLabels();
std::vector<Label> EndedCallLabels();

}  // namespace simclr::coordinator
