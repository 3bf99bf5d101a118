#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/rpc/credentials.h"

namespace simclr::cli {

// Where everything of a local cluster lies in its directory.
struct ClusterLayout {
  std::string directory;  // absolute

  std::string cluster_file() const { return In("cluster.json"); }
  std::string lock() const { return In("lock"); }
  std::string artifacts() const { return In("artifacts"); }
  std::string token() const { return In("token"); }    // of the person who uses it; 0600
  std::string tokens() const { return In("tokens"); }  // what the coordinator knows of it
  std::string coordinator() const { return In("coordinator"); }
  std::string database() const { return In("coordinator/state.db"); }
  std::string worker(const std::string& name) const { return In(absl::StrCat("workers/", name)); }

  std::string ca() const { return In("pki/ca.crt"); }
  std::string ca_key() const { return In("pki/ca.key"); }
  // Of the coordinator or a worker.
  TlsFiles Tls(const std::string& name) const {
    return {ca(), In(absl::StrCat("pki/", name, ".crt")), In(absl::StrCat("pki/", name, ".key"))};
  }

  static std::string WorkerName(int number) { return absl::StrCat("worker-", number); }

 private:
  std::string In(const std::string& name) const { return JoinPath(directory, name); }
};

}  // namespace simclr::cli
