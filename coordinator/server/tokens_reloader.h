#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/base/persistent_problem.h"
#include "coordinator/server/authorization.h"

namespace simclr::coordinator {

// The file as Authorizer reads it; none where `path` is empty.
absl::StatusOr<std::string> ReadTokens(const std::string& path);

// Gives an authorizer the tokens of a file that changes while the program runs. For one thread.
class TokensReloader {
 public:
  // `used` is what the authorizer began with; it outlives this object.
  TokensReloader(std::string path, std::string used, Authorizer& authorizer)
      : path_(std::move(path)), used_(std::move(used)), authorizer_(authorizer) {}

  // Takes over a file that has changed; says in the log that it did, or why it does not: then the tokens of
  // before stay in force. To be called now and again.
  void Look();
  // Whether the file, when it was looked at last, was broken.
  bool refused() const { return refused_; }

 private:
  // True: it had changed.
  absl::StatusOr<bool> TakeOver();

  const std::string path_;
  std::string used_;
  Authorizer& authorizer_;
  PersistentProblem problem_;
  bool refused_ = false;
};

}  // namespace simclr::coordinator
