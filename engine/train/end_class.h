#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/train/run.h"

namespace simclr::engine {

// Inside the engine a failure travels as a status; what ended the run is attached where it is known. Pure.

// `status` with its class attached, unless it has one already or is OK.
absl::Status WithEndClass(EndClass end, absl::Status status);

// What the artifact store answered: its RESOURCE_EXHAUSTED is a full disk, not memory.
absl::Status StorageStatus(absl::Status status);

// What reading images answered: it is about the data, but for memory, threads and open files that ran out.
absl::Status DataStatus(absl::Status status);

// A status of that class.
absl::Status Failure(EndClass end, absl::string_view message);

// The attached class; without one, a failure of the device where it is one, else what the code alone tells:
// UNAVAILABLE is a lost peer, RESOURCE_EXHAUSTED means memory, ABORTED threads or open files,
// INVALID_ARGUMENT and FAILED_PRECONDITION a wrong job, anything else a crash.
EndClass EndClassOf(const absl::Status& status);

}  // namespace simclr::engine
