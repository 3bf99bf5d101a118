#pragma once

#include <memory>
#include <string>
#include <utility>

#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// Records are never changed in place: a change makes a new one, so whoever holds a pointer holds a moment.
using JobPtr = std::shared_ptr<const v1::JobRecord>;
using WorkerPtr = std::shared_ptr<const v1::WorkerRecord>;

using TombstonePtr = std::shared_ptr<const v1::Tombstone>;

using SlotKey = std::pair<std::string, int>;  // worker, slot index

}  // namespace simclr::coordinator
