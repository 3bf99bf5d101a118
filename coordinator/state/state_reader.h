#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "coordinator/state/records.h"

namespace simclr::coordinator {

// Point lookups and counters of the durable state: what a decision may ask for. Thread-compatible.
class StateReader {
 public:
  virtual ~StateReader() = default;

  virtual std::int64_t revision() const = 0;
  virtual std::string last_job_id() const = 0;  // of the newest job ever; empty: none yet

  // An open job, or one that ended: in this batch, or as the stub that an open job names. Null: neither.
  virtual JobPtr FindJob(const std::string& id) const = 0;
  virtual WorkerPtr FindWorker(const std::string& name) const = 0;
  // The job whose live attempt holds the slot; empty: none.
  virtual std::string HolderOf(const SlotKey& slot) const = 0;

  // Open jobs that come after it, or start from its files.
  virtual std::set<std::string> NamersOf(const std::string& job) const = 0;
  // Of a job that was deleted in the last 30 days of service time; null: none.
  virtual TombstonePtr FindTombstone(const std::string& id) const = 0;
  // Whether the files at `path`, relative to the artifact root, are about to be removed.
  virtual bool IsCondemned(const std::string& path) const = 0;

  virtual std::int64_t open_jobs() const = 0;
  virtual std::int64_t open_jobs_of(const std::string& owner) const = 0;
};

}  // namespace simclr::coordinator
