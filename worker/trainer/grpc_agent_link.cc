#include "worker/trainer/grpc_agent_link.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/rpc/channel.h"
#include "simclr/v1/trainer_service.grpc.pb.h"

namespace simclr::trainer {
namespace {

constexpr std::chrono::seconds kConnectTimeout(10);

class GrpcAgentLink : public AgentLink {
 public:
  explicit GrpcAgentLink(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(v1::TrainerService::NewStub(channel)), stream_(stub_->Attach(&context_)) {}

  // The stream must be finished before it is destroyed; by now nobody sends or receives.
  ~GrpcAgentLink() override {
    context_.TryCancel();
    stream_->Finish();
  }

  bool Send(const v1::TrainerReport& report) override { return stream_->Write(report); }

  std::optional<v1::TrainerOrder> Receive() override {
    v1::TrainerOrder order;
    if (!stream_->Read(&order)) return std::nullopt;
    return order;
  }

  // The agent answers the half-close by ending the stream, which ends Receive.
  void Close() override { stream_->WritesDone(); }

  void Abandon() override { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<v1::TrainerService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::TrainerReport, v1::TrainerOrder>> stream_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<AgentLink>> ConnectToAgent(const std::string& address) {
  SIMCLR_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, MakeChannel(address, TlsFiles{}));
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + kConnectTimeout)) {
    return absl::UnavailableError(absl::StrCat("no agent answers at ", address));
  }
  return std::make_unique<GrpcAgentLink>(channel);
}

}  // namespace simclr::trainer
