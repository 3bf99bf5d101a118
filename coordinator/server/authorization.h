#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
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

// Decides by role table, tokens and certificates. Thread-safe.
class Authorizer {
 public:
  // `tokens`: lines "name role sha256hex-of-token"; empty lines and # comments are skipped. INVALID_ARGUMENT
  // names a bad line. Without tokens and TLS (possible on loopback only) everybody is operator and worker.
  static absl::StatusOr<Authorizer> Create(absl::string_view tokens, bool tls);

  // Other tokens from now on. INVALID_ARGUMENT as of Create, and for none at all: the ones of before stay.
  absl::Status Replace(absl::string_view tokens);

  // UNAUTHENTICATED: no or unknown credentials. PERMISSION_DENIED: the role is too small, or the method is
  // not in the table.
  absl::StatusOr<Principal> Authorize(const std::string& method, const Peer& peer) const;

 private:
  struct Token {
    Principal principal;
    std::string hash;
  };

  using Tokens = std::vector<Token>;

  // Those in force, apart so that an authorizer can be moved.
  struct InForce {
    absl::Mutex mutex;
    std::shared_ptr<const Tokens> tokens ABSL_GUARDED_BY(mutex);
  };

  explicit Authorizer(bool tls) : in_force_(std::make_unique<InForce>()), tls_(tls) {}
  static absl::StatusOr<Tokens> Parse(absl::string_view text);
  void Use(Tokens tokens);
  std::shared_ptr<const Tokens> InUse() const;
  absl::StatusOr<Principal> AuthorizeWorker(const Peer& peer) const;
  absl::StatusOr<Principal> FindPerson(const Peer& peer) const;

  std::unique_ptr<InForce> in_force_;
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
