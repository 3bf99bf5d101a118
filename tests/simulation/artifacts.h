#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "coordinator/collect/artifact_tree.h"
#include "tests/simulation/checks.h"
#include "tests/simulation/tally.h"

namespace simclr::simulation {

// What the storage does to whoever asks it.
struct StorageFaults {
  bool away = false;    // nothing is answered
  bool breaks = false;  // the next removal ends half-way
  bool kills = false;   // and the process with it
  bool tears = false;   // the next checkpoint is not what its manifest says
};

// The artifact root in memory: trainers and people write to it, the collector removes from it. Not
// thread-safe.
class Artifacts : public coordinator::ArtifactTree {
 public:
  Artifacts(Tally& tally, Checks& checks);

  absl::StatusOr<std::vector<coordinator::DirectoryEntry>> List(const std::string& path) const override;
  absl::Status Remove(const std::string& path, std::int64_t& bytes) const override;
  absl::StatusOr<std::string> Read(const std::string& path, std::size_t limit) const override;
  absl::StatusOr<std::int64_t> Size(const std::string& path) const override;

  void Write(const std::string& path, std::string bytes);  // with the directories above it
  void Rename(const std::string& from, const std::string& to);
  bool Has(const std::string& path) const { return Find(path) != nullptr; }

  mutable StorageFaults faults;

 private:
  struct Node {
    bool is_directory = true;
    std::string bytes;
    std::map<std::string, std::unique_ptr<Node>> entries;
  };

  absl::StatusOr<const Node*> FindFile(const std::string& path) const;
  Node* Find(absl::string_view path) const;  // null: nothing is there
  static std::int64_t BytesOf(const Node& node);

  Tally& tally_;
  Checks& checks_;
  const std::unique_ptr<Node> root_;
};

}  // namespace simclr::simulation
