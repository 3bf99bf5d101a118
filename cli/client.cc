#include "cli/client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/context.h"
#include "cli/exit_code.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "common/rpc/channel.h"
#include "common/rpc/retry_policy.h"
#include "common/rpc/status_convert.h"

namespace simclr::cli {
namespace {

constexpr std::size_t kMaxTokenBytes = 4096;
constexpr absl::Duration kUnaryTimeout = absl::Seconds(10);
constexpr absl::Duration kStopInterval = absl::Milliseconds(100);  // between looks at whether to stop

absl::StatusOr<Context> FindContext(const CommandContext& command, std::string& name) {
  SIMCLR_ASSIGN_OR_RETURN(const ContextFile file, LoadContexts(command.config_path));
  name = command.context.empty() ? file.current : command.context;
  const auto found = file.contexts.find(name);
  if (found != file.contexts.end()) return found->second;
  if (name.empty()) {
    return UsageError(absl::StrCat("no coordinator is configured in ", command.config_path,
                                   "; start one with 'simclrctl local up --dir DIR', or name one with "
                                   "'simclrctl config set-context NAME --server HOST:PORT'"));
  }
  return UsageError(absl::StrCat("no context '", name, "' in ", command.config_path,
                                 "; 'simclrctl config get-contexts' lists them"));
}

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  if (path.empty()) return std::string();
  SIMCLR_ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(path, kMaxTokenBytes));
  return std::string(absl::StripAsciiWhitespace(text));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const CommandContext& command) {
  std::string name;
  SIMCLR_ASSIGN_OR_RETURN(const Context context, FindContext(command, name));
  SIMCLR_ASSIGN_OR_RETURN(std::string token, ReadToken(context.token_file));
  TlsFiles tls;
  tls.ca = context.ca;
  ChannelOptions options;
  options.service_config =
      RetryPolicy({v1::SubmitJobsRequest::descriptor()->file()->FindServiceByName("JobService"),
                   v1::ClusterStatus::descriptor()->file()->FindServiceByName("ClusterService")});
  SIMCLR_ASSIGN_OR_RETURN(auto channel, MakeChannel(context.server, tls, options));
  std::string where = absl::StrCat(context.server, " (context '", name, "')");
  return std::unique_ptr<Client>(new Client(std::move(channel), std::move(where), std::move(token)));
}

Client::Client(std::shared_ptr<grpc::Channel> channel, std::string where, std::string token)
    : channel_(std::move(channel)),
      where_(std::move(where)),
      token_(std::move(token)),
      jobs_(v1::JobService::NewStub(channel_)),
      cluster_(v1::ClusterService::NewStub(channel_)) {}

void Client::KeepConnecting(const std::stop_token& stop, absl::Duration duration) const {
  const absl::Time end = absl::Now() + duration;
  while (absl::Now() < end && !stop.stop_requested()) {
    const absl::Time look = std::min(end, absl::Now() + kStopInterval);
    const grpc_connectivity_state state = channel_->GetState(/*try_to_connect=*/true);
    channel_->WaitForStateChange(state, absl::ToChronoTime(look));
  }
}

void Client::Prepare(grpc::ClientContext& context, absl::Time deadline) const {
  if (deadline != absl::InfiniteFuture()) context.set_deadline(absl::ToChronoTime(deadline));
  SetBearerToken(context, token_);
}

absl::Status Client::Explain(const grpc::Status& status) const {
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    return absl::UnavailableError(absl::StrCat(
        "cannot reach the coordinator at ", where_, ": ", status.error_message(),
        "; check that it runs ('simclrctl local status --dir DIR') and that the context's CA is its own"));
  }
  if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED) {
    return AsAnswer(absl::UnauthenticatedError(
        absl::StrCat(status.error_message(), " (at ", where_, "; check the context's token_file)")));
  }
  return AsAnswer(FromGrpc(status));
}

template <typename Response, typename Call>
absl::StatusOr<Response> Client::Unary(const Call& call) const {
  grpc::ClientContext context;
  Prepare(context, absl::Now() + kUnaryTimeout);
  Response response;
  const grpc::Status status = call(&context, &response);
  if (!status.ok()) return Explain(status);
  return response;
}

template <typename Response, typename Request, typename Call>
absl::Status Client::Pages(Request request, const Call& call,
                           const std::function<bool(const Response&)>& on_page) const {
  for (;;) {
    SIMCLR_ASSIGN_OR_RETURN(const Response page, Unary<Response>([&](auto* context, auto* answer) {
                              return call(context, request, answer);
                            }));
    if (!on_page(page) || page.next_page_token().empty()) return absl::OkStatus();
    request.set_page_token(page.next_page_token());
  }
}

template <typename Item, typename Open>
absl::Status Client::Stream(std::stop_token stop, absl::Time deadline, const Open& open,
                            const std::function<bool(const Item&)>& on_item) const {
  grpc::ClientContext context;
  Prepare(context, deadline);
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  const auto reader = open(&context);
  Item item;
  bool wanted = true;
  while (wanted && reader->Read(&item)) wanted = on_item(item);
  if (!wanted) context.TryCancel();
  const grpc::Status status = reader->Finish();
  return wanted ? Explain(status) : absl::OkStatus();
}

absl::StatusOr<v1::SubmitJobsResponse> Client::SubmitJobs(const v1::SubmitJobsRequest& request) {
  return Unary<v1::SubmitJobsResponse>(
      [&](auto* context, auto* answer) { return jobs_->SubmitJobs(context, request, answer); });
}

absl::StatusOr<v1::Job> Client::GetJob(const std::string& job) {
  v1::GetJobRequest request;
  request.set_job(job);
  return Unary<v1::Job>([&](auto* context, auto* answer) { return jobs_->GetJob(context, request, answer); });
}

absl::StatusOr<v1::Job> Client::CancelJob(const v1::CancelJobRequest& request) {
  return Unary<v1::Job>(
      [&](auto* context, auto* answer) { return jobs_->CancelJob(context, request, answer); });
}

absl::StatusOr<v1::DeleteJobsResponse> Client::DeleteJobs(const v1::DeleteJobsRequest& request) {
  return Unary<v1::DeleteJobsResponse>(
      [&](auto* context, auto* answer) { return jobs_->DeleteJobs(context, request, answer); });
}

absl::StatusOr<v1::PruneJobsResponse> Client::PruneJobs(const v1::PruneJobsRequest& request) {
  return Unary<v1::PruneJobsResponse>(
      [&](auto* context, auto* answer) { return jobs_->PruneJobs(context, request, answer); });
}

absl::Status Client::ListJobs(const v1::ListJobsRequest& request,
                              const std::function<bool(const v1::ListJobsResponse&)>& on_page) {
  return Pages<v1::ListJobsResponse>(
      request,
      [this](auto* context, const auto& page, auto* answer) {
        return jobs_->ListJobs(context, page, answer);
      },
      on_page);
}

absl::Status Client::ListWorkers(const std::function<bool(const v1::ListWorkersResponse&)>& on_page) {
  return Pages<v1::ListWorkersResponse>(
      v1::ListWorkersRequest(),
      [this](auto* context, const auto& page, auto* answer) {
        return cluster_->ListWorkers(context, page, answer);
      },
      on_page);
}

absl::StatusOr<v1::ListCheckpointsResponse> Client::ListCheckpoints(const std::string& job) {
  v1::ListCheckpointsRequest request;
  request.set_job(job);
  v1::ListCheckpointsResponse all;
  SIMCLR_RETURN_IF_ERROR(Pages<v1::ListCheckpointsResponse>(
      request,
      [this](auto* context, const auto& page, auto* answer) {
        return jobs_->ListCheckpoints(context, page, answer);
      },
      [&all](const v1::ListCheckpointsResponse& page) {
        all.MergeFrom(page);
        return true;
      }));
  return all;
}

absl::StatusOr<v1::ListArtifactsResponse> Client::ListArtifacts(const std::string& job,
                                                                const std::string& prefix) {
  v1::ListArtifactsRequest request;
  request.set_job(job);
  request.set_prefix(prefix);
  v1::ListArtifactsResponse all;
  SIMCLR_RETURN_IF_ERROR(Pages<v1::ListArtifactsResponse>(
      request,
      [this](auto* context, const auto& page, auto* answer) {
        return jobs_->ListArtifacts(context, page, answer);
      },
      [&all](const v1::ListArtifactsResponse& page) {
        all.MergeFrom(page);
        return true;
      }));
  return all;
}

absl::StatusOr<v1::Worker> Client::GetWorker(const std::string& name) {
  v1::ListWorkersRequest request;
  request.set_name(name);
  SIMCLR_ASSIGN_OR_RETURN(const v1::ListWorkersResponse list,
                          Unary<v1::ListWorkersResponse>([&](auto* context, auto* answer) {
                            return cluster_->ListWorkers(context, request, answer);
                          }));
  for (const v1::Worker& worker : list.workers()) {
    if (worker.name() == name) return worker;
  }
  return AsAnswer(
      absl::NotFoundError(absl::StrCat("no worker '", name, "'; 'simclrctl get workers' lists them")));
}

absl::StatusOr<v1::ClusterStatus> Client::GetStatus() {
  return Unary<v1::ClusterStatus>([&](auto* context, auto* answer) {
    return cluster_->GetStatus(context, v1::GetStatusRequest(), answer);
  });
}

absl::Status Client::WatchJobs(const std::vector<std::string>& jobs, std::stop_token stop,
                               absl::Time deadline,
                               const std::function<bool(const v1::JobChange&)>& on_item) {
  v1::WatchJobsRequest request;
  for (const std::string& job : jobs) request.add_jobs(job);
  return Stream<v1::JobChange>(
      std::move(stop), deadline, [&](auto* context) { return jobs_->WatchJobs(context, request); }, on_item);
}

absl::Status Client::StreamMetrics(const v1::StreamMetricsRequest& request, std::stop_token stop,
                                   const std::function<bool(const v1::StepMetrics&)>& on_item) {
  return Stream<v1::StepMetrics>(
      std::move(stop), absl::InfiniteFuture(),
      [&](auto* context) { return jobs_->StreamMetrics(context, request); }, on_item);
}

absl::Status Client::ReadLog(const v1::ReadLogRequest& request,
                             const std::function<bool(const v1::LogChunk&)>& on_item) {
  return Stream<v1::LogChunk>(
      {}, absl::InfiniteFuture(), [&](auto* context) { return jobs_->ReadLog(context, request); }, on_item);
}

absl::Status Client::ReadArtifact(const v1::ReadArtifactRequest& request,
                                  const std::function<bool(const v1::ArtifactChunk&)>& on_item) {
  return Stream<v1::ArtifactChunk>(
      {}, absl::InfiniteFuture(), [&](auto* context) { return jobs_->ReadArtifact(context, request); },
      on_item);
}

}  // namespace simclr::cli
