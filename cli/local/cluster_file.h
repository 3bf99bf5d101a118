#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace simclr::cli {

inline constexpr char kAnyLoopbackPort[] = "127.0.0.1:0";

// D/cluster.json: what a local cluster keeps between its starts, so that a coordinator that comes back is
// found by the agents and contexts that hold its address.
struct ClusterFile {
  std::string cluster_id;
  std::string address = kAnyLoopbackPort;  // HOST:PORT of the coordinator's RPC, fixed by its first start
  std::string http = kAnyLoopbackPort;     // the same for its metrics
  int workers = 1;
  std::string slots = "auto";  // of each worker: a number or auto
  int threads_per_slot = 0;    // 0: the cores, shared by all slots
  std::vector<std::string> data_roots = {"/"};
  std::string trainer;  // program; empty: the one beside simclrctl

  bool operator==(const ClusterFile&) const = default;
};

// NOT_FOUND where there is none, INVALID_ARGUMENT names a file that is none of ours.
absl::StatusOr<ClusterFile> LoadClusterFile(const std::string& path);
absl::Status SaveClusterFile(const std::string& path, const ClusterFile& cluster);

// What a process writes once it serves. The coordinator names `grpc`, an agent its `incarnation`,
// 0 before the coordinator gave it one.
struct EndpointFile {
  std::string grpc;
  std::string http;
  std::uint64_t incarnation = 0;
};

absl::StatusOr<EndpointFile> LoadEndpointFile(const std::string& path);

}  // namespace simclr::cli
