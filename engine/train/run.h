#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/file_system.h"
#include "engine/config/job_config.h"
#include "engine/train/train_observer.h"

namespace simclr::engine {

// How one rank's run ended. The words are those of the failure classes of the service.
enum class EndClass {
  kSuccess,
  kDrained,      // saved after a common step and stopped, as asked
  kConfigError,  // the job is wrong: shape, batch, missing tensor in model.init, ranks that do not agree
  kDataError,    // missing path, no images, too many bad ones
  kNonFinite,
  kOutOfMemory,
  kPeerLost,  // a collective failed: secondary to whatever ended the peer
  kStorageFull,
  kHardware,  // the device failed
  kResource,  // no more threads, processes or open files
  kCrash,
};

struct RunEnd {
  EndClass end = EndClass::kCrash;
  std::string message;  // one sentence: thing, value, next step; empty for success
  std::map<std::string, double> results;
  std::int64_t step = 0;
  std::int64_t total_steps = 0;
  // After a failure, what is left of the run: its groups of ranks, which a broken network may keep from going
  // quickly. Tell the end first, then let go of it.
  std::shared_ptr<void> remains;
};

struct CheckpointRef {
  std::string path;  // relative to the artifact root
  std::int64_t step = 0;
  std::string digest;
};

// Where and with whom a rank runs.
struct RunOptions {
  std::string artifact_root;
  std::string job_directory;    // below the root: the job's id
  std::string after_directory;  // linear-eval: the evaluated job's directory below the root
  int attempt = 1;
  std::string nonce;  // of the attempt's placement, part of the names of its checkpoints; empty: none
  int rank = 0;
  int world_size = 1;
  DeviceKind device = DeviceKind::kCpu;
  int threads = 1;  // CPU threads of this trainer
  std::string address = "127.0.0.1";
  std::string spec_hash;                // ranks must agree on it
  std::string precision;                // resolved at an earlier start; empty: resolve now
  std::vector<CheckpointRef> resume;    // newest first; a damaged one falls back to the next, with a warning
  std::vector<std::string> data_roots;  // empty: anywhere
  FileSystem* files = nullptr;          // where artifacts are written; null: the real one

  // Rendezvous of a world larger than one. Rank 0 hosts the store and calls `publish_endpoint`; every rank
  // then calls `await_endpoint`, which returns the endpoint and the prefix.
  struct Meeting {
    std::string endpoint;
    std::string prefix;
  };
  std::function<void(const std::string& endpoint)> publish_endpoint;
  std::function<absl::StatusOr<Meeting>()> await_endpoint;
};

// Runs one rank of a job to its end: pre-training or linear evaluation, as config.kind says. Never throws.
// Blocks.
RunEnd Run(const JobConfig& config, const RunOptions& options, TrainObserver& observer);

// --version: LibTorch, CUDA, NCCL, Gloo.
std::string EngineFacts();

// What all ranks of a job must have in common of it: LibTorch and what collectives are made of, such as
// "libtorch 2.14.1, cuda none, nccl none, gloo yes".
std::string EngineBuild();

}  // namespace simclr::engine
