#pragma once

#include <string>

#include "coordinator/state/change.h"
#include "coordinator/state/state_reader.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// The part of Derive that is about the attempts of an open job and their checkpoints: changes `record`, and
// the slots in `change`. Says what is wrong with the event; empty: nothing. Pure.
std::string ChangeAttempt(const StateReader& before, const v1::Event& event, v1::JobRecord& record,
                          Change& change);

}  // namespace simclr::coordinator
