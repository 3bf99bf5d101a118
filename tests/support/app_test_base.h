#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/app.h"
#include "cli/context.h"
#include "common/rpc/server.h"
#include "tests/support/fake_job_service.h"
#include "tests/support/test_pki.h"

namespace simclr::cli {

// Whole command lines against a coordinator behind real TLS.
class AppTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = RpcServer::Start({.listen = "127.0.0.1:0", .tls = pki_.Server()},
                                   {static_cast<v1::JobService::Service*>(&service_),
                                    static_cast<v1::ClusterService::Service*>(&service_)});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
    Write("token", "secret\n");
    Configure(server_->address(), "token");
  }

  void TearDown() override { ASSERT_TRUE(PosixFileSystem().RemoveAll(directory_).ok()); }

  std::string Path(const std::string& name) const { return JoinPath(directory_, name); }

  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(PosixFileSystem().Write(Path(name), text).ok());
  }

  void Configure(const std::string& address, const std::string& token_file) {
    ASSERT_TRUE(SetContext(Path("config.yaml"), "test", {address, pki_.Person().ca, Path(token_file)}).ok());
  }

  int Run(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    std::vector<const char*> argv = {"simclrctl"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    CommandContext context{.out = out_, .err = err_, .config_path = Path("config.yaml"), .context = ""};
    return RunCommandLine(static_cast<int>(argv.size()), argv.data(), context);
  }

  // Of the job that was added as the `number`th.
  static std::string JobId(int number) { return absl::StrFormat("j-%012d-aaaa", number); }

  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }

  void AddJob(const std::string& name, v1::Phase phase, int attempt = 1, const std::string& nonce = "") {
    v1::Job job;
    job.set_id(JobId(++jobs_));
    job.mutable_spec()->set_name(name);
    (*job.mutable_spec()->mutable_labels())["team"] = "vision";
    job.mutable_spec()->mutable_resources()->set_ranks(2);
    job.mutable_status()->set_phase(phase);
    job.mutable_status()->set_attempt(attempt);
    if (attempt > 0) {
      v1::AttemptSummary& summary = *job.mutable_status()->add_attempts();
      summary.set_attempt(attempt);
      summary.set_nonce(nonce);
    }
    service_.AddJob(job);
  }

  const std::string directory_ = JoinPath(::testing::TempDir(), absl::StrCat("app_test_", ::getpid()));
  TestPki pki_{JoinPath(directory_, "pki")};
  FakeJobService service_;
  std::unique_ptr<RpcServer> server_;
  int jobs_ = 0;
  std::ostringstream out_;
  std::ostringstream err_;
};

}  // namespace simclr::cli
