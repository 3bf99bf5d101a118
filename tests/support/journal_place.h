#pragma once

#include "coordinator/store/ended_jobs.h"
#include "coordinator/store/journal.h"

namespace simclr::coordinator {

// A place where journals can be opened one after the other.
class JournalPlace {
 public:
  virtual ~JournalPlace() = default;
  // Closes the journal that was opened before, if any.
  virtual Journal& Reopen() = 0;
  // Of the journal that is open.
  virtual EndedJobs& ended() = 0;
};

}  // namespace simclr::coordinator
