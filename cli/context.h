#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace simclr::cli {

// How a coordinator is reached.
struct Context {
  std::string server;      // HOST:PORT
  std::string ca;          // PEM file; empty: plaintext, loopback only
  std::string token_file;  // empty: no token

  bool operator==(const Context&) const = default;
};

// The context file:
//   current: NAME
//   contexts: {NAME: {server: HOST:PORT, ca: FILE, token_file: FILE}}
struct ContextFile {
  std::string current;
  std::map<std::string, Context> contexts;
};

// $SIMCLR_CONFIG, else $XDG_CONFIG_HOME/simclr/config.yaml, else ~/.config/simclr/config.yaml.
std::string ContextFilePath();

// An absent file is an empty one. FAILED_PRECONDITION names the file and what is wrong in it.
absl::StatusOr<ContextFile> LoadContexts(const std::string& path);

// Each reads the file, changes it and replaces it atomically (mode 0600, directories made). SetContext also
// makes a first context the current one. UseContext gives NOT_FOUND with the known names.
absl::Status SetContext(const std::string& path, const std::string& name, const Context& context);
absl::Status UseContext(const std::string& path, const std::string& name);
// Forgets `name`, for example when its cluster is removed; a missing one is fine.
absl::Status RemoveContext(const std::string& path, const std::string& name);

}  // namespace simclr::cli
