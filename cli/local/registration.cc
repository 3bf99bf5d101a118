#include "cli/local/registration.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/local/cluster_file.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "common/rpc/channel.h"
#include "common/rpc/status_convert.h"
#include "simclr/v1/cluster_service.grpc.pb.h"

namespace simclr::cli {
namespace {

bool IsListed(const v1::ListWorkersResponse& listed, const ExpectedWorker& expected) {
  const absl::StatusOr<EndpointFile> endpoint = LoadEndpointFile(expected.endpoint_file);
  if (!endpoint.ok() || endpoint->incarnation == 0) return false;
  return std::any_of(listed.workers().begin(), listed.workers().end(), [&](const v1::Worker& worker) {
    return worker.name() == expected.name && worker.incarnation() == endpoint->incarnation &&
           worker.state() == v1::WORKER_STATE_CONNECTED;
  });
}

absl::Status CheckListed(v1::ClusterService::Stub& cluster, const std::string& token,
                         const std::vector<ExpectedWorker>& workers, absl::Duration limit) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(RealClock().Now() + limit));
  SetBearerToken(context, absl::StripAsciiWhitespace(token));
  v1::ListWorkersResponse listed;
  SIMCLR_RETURN_IF_ERROR(FromGrpc(cluster.ListWorkers(&context, {}, &listed)));
  for (const ExpectedWorker& worker : workers) {
    if (!IsListed(listed, worker))
      return absl::UnavailableError(absl::StrCat(worker.name, " is not registered"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AwaitWorkers(const std::string& address, const std::string& ca, const std::string& token_file,
                          const std::vector<ExpectedWorker>& workers, absl::Duration limit) {
  TlsFiles tls;
  tls.ca = ca;
  SIMCLR_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, MakeChannel(address, tls));
  SIMCLR_ASSIGN_OR_RETURN(const std::string token, PosixFileSystem().Read(token_file));
  const auto cluster = v1::ClusterService::NewStub(channel);
  const absl::Duration end = RealClock().Monotonic() + limit;
  Backoff backoff({.initial = absl::Milliseconds(50), .limit = absl::Milliseconds(500)}, /*seed=*/0);
  absl::Status registered;
  do {
    registered = CheckListed(*cluster, token, workers, end - RealClock().Monotonic());
    if (absl::IsUnavailable(registered)) absl::SleepFor(backoff.Next());
  } while (absl::IsUnavailable(registered) && RealClock().Monotonic() < end);
  if (!absl::IsUnavailable(registered)) return registered;
  return absl::DeadlineExceededError(absl::StrCat(
      registered.message(), " after ", absl::FormatDuration(limit), " (coordinator ", address, ")"));
}

}  // namespace simclr::cli
