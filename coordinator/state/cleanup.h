#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "coordinator/state/change.h"
#include "coordinator/state/state_reader.h"
#include "simclr/v1/event.pb.h"

// The part of Derive that is about jobs which are forgotten and files which go. Each says what is wrong with
// the event; empty: nothing, and `change` has what follows. Pure.
namespace simclr::coordinator {

std::string DeleteJob(const StateReader& before, const v1::Event& event, Change& change);
std::string CondemnFiles(const StateReader& before, const v1::FilesCondemned& condemned, Change& change);
std::string CollectFiles(const StateReader& before, const v1::FilesCollected& collected, Change& change);

// Whether `path` is the job's directory in the artifact root, or one below it: no empty name, "." or "..".
bool IsPathOfJob(absl::string_view path, absl::string_view job);

}  // namespace simclr::coordinator
