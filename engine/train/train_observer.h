#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "engine/train/measure.h"

namespace simclr::engine {

enum class Activity {
  kInit,
  kOpeningData,
  kData,  // waiting for a batch
  kForward,
  kCollective,
  kCheckpoint,
  kEval,  // and writing the results after the last step
};

struct StepReport {
  std::int64_t step = 0;  // finished steps, from 1
  std::int64_t total_steps = 0;
  double epoch = 0;
  Measurements values;
  int bad_images = 0;  // in this rank's batch, that could not be decoded: others stand in
};

struct CheckpointReport {
  std::int64_t step = 0;
  std::string path;  // relative to the artifact root
  std::int64_t bytes = 0;
  std::string digest;  // SHA-256 of manifest.json
  absl::Duration write_time;
};

// The engine's only way to talk outward. Called on the training thread, except where a method says otherwise;
// must return quickly.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;

  // All ranks met, agree and are about to take step resumed_from_step + 1.
  virtual void OnStarted(std::int64_t resumed_from_step, std::int64_t total_steps,
                         const std::string& precision) {}
  virtual void OnActivity(Activity activity, std::int64_t step, std::int64_t total_steps, double epoch) {}
  // The caller waited for no lock and allocated nothing; `report` is valid during the call alone.
  virtual void OnStep(const StepReport& report) {}
  // This rank begins (or ends) to wait for its peers, whatever the activity: inside the batch norms of a
  // forward pass a hundred times a step, so an implementation should do no more than store the flag. By any
  // thread.
  virtual void OnWait(bool waiting) {}
  // Files of the data set were listed, or bytes of it read. By any thread.
  virtual void OnDataRead(std::int64_t files, std::int64_t bytes) {}
  // Rank 0, after the rename.
  virtual void OnCheckpoint(const CheckpointReport& report) {}
  // Checkpoints (paths relative to the artifact root) whose files may be deleted now; asked for after each
  // write.
  virtual std::vector<std::string> TakeRetired() { return {}; }
  // By any thread.
  virtual void OnWarning(const std::string& text) {}
  // Whether this rank was asked to save and stop; polled once a step.
  virtual bool DrainRequested() { return false; }
};

}  // namespace simclr::engine
