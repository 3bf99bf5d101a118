#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/rpc/peer.h"

namespace simclr::coordinator {

enum class Role { kViewer, kUser, kOperator, kWorker };

// Who calls. A worker's name is that of its certificate; empty on a plaintext loopback port, where any is
// believed.
struct Principal {
  std::string name;
  Role role = Role::kViewer;
};

// Least role by method, such as "simclr.v1.JobService/SubmitJob". An operator may what a user may, a user
// what a viewer may; workers are apart. What is not in the table is refused.
const std::map<std::string, Role>& RoleTable();

// Decides by role table, tokens and certificates. Immutable, so thread-safe.
class Authorizer {
 public:
  // `tokens`: lines "name role sha256hex-of-token"; empty lines and # comments are skipped. INVALID_ARGUMENT
  // names a bad line. Without tokens and TLS (possible on loopback only) everybody is operator and worker.
  static absl::StatusOr<Authorizer> Create(absl::string_view tokens, bool tls);

  // UNAUTHENTICATED: no or unknown credentials. PERMISSION_DENIED: the role is too small, or the method is
  // not in the table.
  absl::StatusOr<Principal> Authorize(const std::string& method, const Peer& peer) const;

 private:
  struct Token {
    Principal principal;
    std::string hash;
  };

  Authorizer(std::vector<Token> tokens, bool tls) : tokens_(std::move(tokens)), tls_(tls) {}
  absl::StatusOr<Principal> AuthorizeWorker(const Peer& peer) const;
  absl::StatusOr<Principal> FindPerson(const Peer& peer) const;

  std::vector<Token> tokens_;
  bool tls_;
};

// Why a status of this file refuses: "no_credentials", "unknown_token", "no_certificate", "role", "method",
// "other_worker" or "other_owner"; empty for any other status.
std::string DenialReason(const absl::Status& status);

// PERMISSION_DENIED where `caller`'s certificate is not that of `worker`.
absl::Status CheckIsWorker(const Principal& caller, const std::string& worker);
// PERMISSION_DENIED where `caller` may not read the files and logs of a job: they are for its owner and for
// operators, and for everybody where `all_read`.
absl::Status CheckReads(const Principal& caller, const std::string& owner, const std::string& job_id,
                        bool all_read);
// PERMISSION_DENIED where `caller` is neither the owner nor an operator.
absl::Status CheckOwns(const Principal& caller, const std::string& owner, const std::string& job_id);

inline constexpr int kUserPriority = 100;  // either way; beyond it only operators ask

// PERMISSION_DENIED: the priority of a job is not for that role.
absl::Status CheckPriority(const Principal& caller, int priority);

}  // namespace simclr::coordinator
