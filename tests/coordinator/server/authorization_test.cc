#include "coordinator/server/authorization.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "common/crypto/token.h"
#include "simclr/v1/cluster_service.pb.h"
#include "simclr/v1/job_service.pb.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

Authorizer WithTokens() {
  return Authorizer::Create(absl::StrCat("# people\nvic viewer ", HashToken("v"), "\nann user ",
                                         HashToken("u"), "\n\nolga operator ", HashToken("o"), "\n"),
                            true)
      .value();
}

Peer Person(const std::string& token) {
  Peer peer;
  peer.token = token;
  return peer;
}

Peer Agent(const std::string& worker) {
  Peer peer;
  peer.worker = worker;
  return peer;
}

std::set<std::string> MethodsOf(const google::protobuf::FileDescriptor* file) {
  std::set<std::string> methods;
  for (int i = 0; i < file->service_count(); ++i) {
    for (int j = 0; j < file->service(i)->method_count(); ++j) {
      methods.insert(absl::StrCat(file->service(i)->full_name(), "/", file->service(i)->method(j)->name()));
    }
  }
  return methods;
}

TEST(Authorization, NamesEveryMethodThatIsServedAndNoOther) {
  std::set<std::string> served;
  for (const auto* file : {v1::SubmitJobRequest::descriptor()->file(), v1::Worker::descriptor()->file(),
                           v1::Observed::descriptor()->file()}) {
    for (const std::string& method : MethodsOf(file)) served.insert(method);
  }
  std::set<std::string> named;
  for (const auto& [method, role] : RoleTable()) named.insert(method);
  EXPECT_EQ(named, served);
}

TEST(Authorization, LetsEachRoleDoWhatTheTableSays) {
  const Authorizer authorizer = WithTokens();
  for (const auto& [method, role] : RoleTable()) {
    EXPECT_EQ(authorizer.Authorize(method, Person("v")).ok(), role == Role::kViewer) << method;
    EXPECT_EQ(authorizer.Authorize(method, Person("u")).ok(), role == Role::kViewer || role == Role::kUser)
        << method;
    EXPECT_EQ(authorizer.Authorize(method, Person("o")).ok(), role != Role::kWorker) << method;
    EXPECT_EQ(authorizer.Authorize(method, Agent("worker-1")).ok(), role == Role::kWorker) << method;
    EXPECT_TRUE(absl::IsUnauthenticated(authorizer.Authorize(method, Peer()).status())) << method;
  }
}

TEST(Authorization, RefusesWhatIsNotInTheTable) {
  EXPECT_TRUE(
      absl::IsPermissionDenied(WithTokens().Authorize("simclr.v1.JobService/Other", Person("o")).status()));
}

TEST(Authorization, RefusesAnUnknownToken) {
  EXPECT_TRUE(
      absl::IsUnauthenticated(WithTokens().Authorize("simclr.v1.JobService/GetJob", Person("x")).status()));
}

TEST(Authorization, NamesTheBadLineOfATokensFile) {
  EXPECT_THAT(std::string(Authorizer::Create("ann user abc", true).status().message()), HasSubstr("line 1"));
  EXPECT_THAT(std::string(Authorizer::Create("\nann king " + HashToken("x"), true).status().message()),
              HasSubstr("line 2"));
}

TEST(Authorization, BindsAWorkerToItsCertificate) {
  EXPECT_TRUE(CheckIsWorker({"worker-1", Role::kWorker}, "worker-1").ok());
  EXPECT_TRUE(absl::IsPermissionDenied(CheckIsWorker({"worker-1", Role::kWorker}, "worker-2")));
}

TEST(Authorization, LetsOwnersAndOperatorsChangeAJob) {
  EXPECT_TRUE(CheckOwns({"ann", Role::kUser}, "ann", "j-1").ok());
  EXPECT_TRUE(CheckOwns({"olga", Role::kOperator}, "ann", "j-1").ok());
  EXPECT_TRUE(absl::IsPermissionDenied(CheckOwns({"bob", Role::kUser}, "ann", "j-1")));
}

TEST(Authorization, LetsOwnersAndOperatorsReadFilesAndLogs) {
  EXPECT_TRUE(CheckReads({"ann", Role::kViewer}, "ann", "j-1", false).ok());
  EXPECT_TRUE(CheckReads({"olga", Role::kOperator}, "ann", "j-1", false).ok());
  for (const Role role : {Role::kViewer, Role::kUser}) {
    EXPECT_TRUE(absl::IsPermissionDenied(CheckReads({"bob", role}, "ann", "j-1", false)));
    EXPECT_TRUE(CheckReads({"bob", role}, "ann", "j-1", true).ok()) << "where all may";
  }
}

TEST(Authorization, EveryRefusalHasAReason) {
  const Authorizer authorizer = WithTokens();
  const auto reason = [&](const std::string& method, const Peer& peer) {
    return DenialReason(authorizer.Authorize(method, peer).status());
  };
  EXPECT_EQ(reason("simclr.v1.JobService/GetJob", Person("v")), "");
  EXPECT_EQ(reason("simclr.v1.JobService/GetJob", Person("")), "no_credentials");
  EXPECT_EQ(reason("simclr.v1.JobService/GetJob", Person("x")), "unknown_token");
  EXPECT_EQ(reason("simclr.v1.JobService/SubmitJob", Person("v")), "role");
  EXPECT_EQ(reason("simclr.v1.JobService/Destroy", Person("o")), "method");
  EXPECT_EQ(reason("simclr.v1.WorkerService/Session", Person("o")), "no_certificate");
  EXPECT_EQ(DenialReason(CheckIsWorker({"worker-1", Role::kWorker}, "worker-2")), "other_worker");
  EXPECT_EQ(DenialReason(CheckOwns({"ann", Role::kUser}, "bob", "j-1")), "other_owner");
  EXPECT_EQ(DenialReason(CheckReads({"bob", Role::kViewer}, "ann", "j-1", false)), "other_owner");
  EXPECT_EQ(DenialReason(absl::InternalError("something else")), "");
}

TEST(CheckPriority, LeavesHighOnesToOperators) {
  EXPECT_TRUE(CheckPriority({"ann", Role::kUser}, kUserPriority).ok());
  EXPECT_TRUE(CheckPriority({"ann", Role::kUser}, -kUserPriority).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(CheckPriority({"ann", Role::kUser}, kUserPriority + 1)));
  EXPECT_TRUE(absl::IsPermissionDenied(CheckPriority({"ann", Role::kUser}, -kUserPriority - 1)));
  EXPECT_TRUE(CheckPriority({"root", Role::kOperator}, 1000).ok());
}

}  // namespace
}  // namespace simclr::coordinator
