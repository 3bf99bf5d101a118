#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "coordinator/collect/artifact_tree.h"
#include "coordinator/collect/checkpoint_name.h"
#include "simclr/v1/event.pb.h"

// Checkpoints on disk that the database does not know, after it went back in time.
namespace simclr::coordinator {

// What manifest.json says, as docs/checkpoint-format.md describes it.
struct CheckpointManifest {
  struct File {
    std::string name;
    std::int64_t bytes = 0;
  };
  std::int64_t step = 0;
  int attempt = 0;
  std::string nonce;
  std::string spec_hash;
  std::vector<File> files;
};

// DATA_LOSS: it cannot be read. Pure.
absl::StatusOr<CheckpointManifest> ParseCheckpointManifest(absl::string_view json);

// The row of the checkpoint in the directory `name` of the job, without time of commit. DATA_LOSS: it is not
// what a trainer of this job finished: manifest.json is missing or says something else, a file has another
// size.
absl::StatusOr<v1::Checkpoint> VerifyCheckpoint(const ArtifactTree& tree, const v1::JobRecord& record,
                                                const std::string& name);

// Of `found`, in the order of steps: what the job would resume from, at most `checkpoint.keep`, all of them
// newer than its newest checkpoint. Pure.
std::vector<v1::Checkpoint> WorthAdopting(const v1::JobRecord& record, std::vector<v1::Checkpoint> found);

}  // namespace simclr::coordinator
