#include "cli/app.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/ids.h"
#include "tests/support/app_test_base.h"

namespace simclr::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kPipeline[] = R"(
name: a
data: {source: "folder:images", holdout: 0.1}
---
name: b
kind: linear-eval
after: a
data: {source: "folder:images"}
)";

class App : public AppTest {
 protected:
  void SetUp() override {
    AppTest::SetUp();
    Write("job.yaml", kPipeline);
  }
};

TEST_F(App, SubmitsAPipelineAndPrintsNothingButIds) {
  ASSERT_EQ(Run({"submit", "-f", Path("job.yaml"), "-o", "name", "--request-id", "r"}), 0) << err();
  EXPECT_EQ(out(), "j-000000000001-aaaa\nj-000000000002-aaaa\n");
  const auto requests = service_.submitted();
  ASSERT_EQ(requests.size(), 1u) << "all of them, or none";
  EXPECT_EQ(requests[0].request_id(), "r");
  EXPECT_EQ(requests[0].specs(1).after(), "a");
  const std::string images = JoinPath(std::filesystem::current_path().string(), "images");
  EXPECT_EQ(requests[0].specs(0).data().source(), absl::StrCat("folder:", images));
  EXPECT_DOUBLE_EQ(requests[0].specs(1).data().holdout(), 0.1);
}

TEST_F(App, WhatGotNoAnswerIsSaidWithTheCommandThatRepeatsIt) {
  server_.reset();
  EXPECT_EQ(Run({"submit", "-f", Path("job.yaml"), "--request-id", "r"}), 5);
  EXPECT_THAT(err(), HasSubstr(absl::StrCat("submit -f ", Path("job.yaml"), " --request-id r")));
}

TEST_F(App, ACancellationNamesTheJobByItsId) {
  AddJob("runs", v1::PHASE_RUNNING);
  ASSERT_EQ(Run({"cancel", "runs", "--request-id", "r"}), 0) << err();
  const auto requests = service_.cancellations();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_TRUE(IsJobId(requests[0].job())) << requests[0].job();
  EXPECT_EQ(requests[0].request_id(), "r-" + requests[0].job());
}

TEST_F(App, ADryRunSubmitsNothing) {
  EXPECT_EQ(Run({"submit", "-f", Path("job.yaml"), "--dry-run"}), 0) << err();
  EXPECT_TRUE(service_.submitted().empty());
  EXPECT_THAT(err(), HasSubstr("nothing was submitted"));
}

TEST_F(App, AllDocumentsAreValidatedBeforeTheFirstIsSubmitted) {
  EXPECT_EQ(Run({"submit", "-f", Path("job.yaml"), "--set", "b:linear_eval.epochs=0"}), 7);
  EXPECT_THAT(err(), HasSubstr("job 'b': linear_eval.epochs is 0"));
  EXPECT_TRUE(service_.submitted().empty());
  service_.set_data_root("/data");
  EXPECT_EQ(Run({"submit", "-f", Path("job.yaml"), "--set", "a:data.source=folder:/data/images", "--set",
                 "b:data.source=folder:/elsewhere"}),
            7);
  EXPECT_TRUE(service_.submitted().empty());
  EXPECT_EQ(Run({"submit", "-f", Path("job.yaml"), "--set", "train.epoch=1"}), 7);
  EXPECT_THAT(err(), HasSubstr("did you mean 'epochs'?"));
}

TEST_F(App, TextThatIsNoUtf8IsRefused) {
  for (const std::string bad :
       {"name=\xff", "\xc3(=1", "data.source=folder:/\xed\xa0\x80", "name=\xf8\x88"}) {
    EXPECT_EQ(Run({"submit", "-f", Path("job.yaml"), "--set", bad}), 7) << out();
    EXPECT_THAT(err(), HasSubstr("UTF-8"));
  }
  EXPECT_TRUE(service_.submitted().empty());
}

TEST_F(App, WaitAndFollowReturnTheWorstCode) {
  EXPECT_EQ(Run({"submit", "-f", Path("job.yaml"), "--wait"}), 0) << err();
  service_.set_outcome("b", v1::PHASE_CANCELLED);
  EXPECT_EQ(Run({"submit", "-f", Path("job.yaml"), "--wait"}), 103);
  service_.set_outcome("a", v1::PHASE_FAILED);
  EXPECT_EQ(Run({"submit", "-f", Path("job.yaml"), "--follow"}), 100);
  EXPECT_THAT(err(), HasSubstr("b (j-000000000006-aaaa) CANCELLED"));
}

TEST_F(App, WaitTellsHowTheJobIs) {
  AddJob("runs", v1::PHASE_RUNNING);
  EXPECT_EQ(Run({"wait", "runs", "--for=running"}), 0) << err();
  EXPECT_EQ(Run({"wait", "runs", "--timeout", "50ms"}), 101);
  AddJob("failed", v1::PHASE_FAILED);
  EXPECT_EQ(Run({"wait", "failed"}), 100);
  EXPECT_EQ(Run({"wait", "failed", "--timeout", "soon"}), 2);
}

TEST_F(App, ErrorsHaveTheirCodes) {
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"sumbit"}), 2);
  EXPECT_EQ(Run({"--help"}), 0);
  EXPECT_EQ(Run({"get", "job", "nobody"}), 3);
  EXPECT_EQ(err(), "simclrctl: no job 'nobody'\n");
  EXPECT_EQ(Run({"submit", "-f", Path("missing.yaml")}), 1);
  EXPECT_EQ(Run({"--context", "other", "get", "jobs"}), 2);
  Write("wrong_token", "guess");
  Configure(server_->address(), "wrong_token");
  EXPECT_EQ(Run({"get", "job", "nobody"}), 4);
}

TEST_F(App, OutputThatCannotBeWrittenIsAnError) {
  AddJob("a", v1::PHASE_RUNNING);
  for (const std::vector<std::string>& command : {std::vector<std::string>{"get", "jobs"},
                                                  {"describe", "a"},
                                                  {"metrics", "a"},
                                                  {"version", "--client"},
                                                  {"config", "view"},
                                                  {"completion", "bash"},
                                                  {"--help"},
                                                  {"get", "--help"}}) {
    out_.setstate(std::ios::badbit);
    EXPECT_EQ(Run(command), 1);
    EXPECT_EQ(err(), "simclrctl: cannot write standard output: Input/output error\n");
    out_.clear();
  }
}

TEST_F(App, AFileThatCannotBeReadIsAPlainError) {
  for (const std::string& file : {Path("missing.yaml"), directory_, Path("job.yaml/below")}) {
    EXPECT_EQ(Run({"submit", "-f", file}), 1) << err();
  }
  Configure(server_->address(), "missing_token");
  EXPECT_EQ(Run({"get", "jobs"}), 1);
  const Context without_ca{server_->address(), Path("missing.crt"), Path("token")};
  ASSERT_TRUE(SetContext(Path("config.yaml"), "test", without_ca).ok());
  EXPECT_EQ(Run({"get", "jobs"}), 1);
}

TEST_F(App, AJobFileIsRefusedByItsSizeBeforeItIsRead) {
  Write("photos.tar", "");
  ASSERT_EQ(::truncate(Path("photos.tar").c_str(), off_t{30} << 30), 0);
  EXPECT_EQ(Run({"submit", "-f", Path("photos.tar")}), 7);
  EXPECT_THAT(err(), HasSubstr("has 32212254720 bytes; at most 3145728 are read; this is no job file"));
  EXPECT_EQ(Run({"submit", "-f", "/dev/zero"}), 7);
  EXPECT_THAT(err(), HasSubstr("more than 3145728 bytes"));
}

TEST_F(App, TextOfOthersMovesNoCursor) {
  const std::string name = "na\x1b[2Jme";
  v1::Job job;
  job.set_id("j-000000000001-aaaa");
  job.set_owner("own\x1b[2Jer");
  job.mutable_spec()->set_name(name);
  job.mutable_status()->set_phase(v1::PHASE_FAILED);
  job.mutable_status()->set_message("left out: \x1b[31m\xc2\x9b.png\nPhase: SUCCEEDED");
  service_.AddJob(job);
  for (const std::vector<std::string>& command : {std::vector<std::string>{"get", "jobs"},
                                                  {"get", "jobs", "-o", "wide"},
                                                  {"describe", name},
                                                  {"describe", name, "-o", "json"},
                                                  {"wait", name},
                                                  {"get", "job", "no\x1b[2Jne"}}) {
    Run(command);
    EXPECT_THAT(out() + err(), testing::Not(HasSubstr("\x1b")));
    EXPECT_THAT(out() + err(), testing::Not(HasSubstr("\xc2\x9b")));
    const bool forged = command[0] == "describe" && absl::StrContains(out(), "\nPhase: SUCCEEDED");
    EXPECT_FALSE(forged);
  }
}

TEST_F(App, AnUnreachableCoordinatorIsNamed) {
  Configure("127.0.0.1:1", "token");
  EXPECT_EQ(Run({"get", "jobs"}), 5);
  EXPECT_THAT(err(), HasSubstr("cannot reach the coordinator at 127.0.0.1:1 (context 'test')"));
  EXPECT_EQ(out(), "");
}

TEST_F(App, GetPrintsOneObjectForANameAndItemsOtherwise) {
  AddJob("a", v1::PHASE_RUNNING);
  EXPECT_EQ(Run({"get", "job", "a", "-o", "json"}), 0);
  EXPECT_THAT(out(), StartsWith("{\n  \"id\": \"j-000000000001-aaaa\""));
  EXPECT_THAT(out(), HasSubstr("\"phase\": \"RUNNING\""));
  EXPECT_EQ(Run({"get", "jobs", "-o", "json"}), 0);
  EXPECT_THAT(out(), StartsWith("{\n  \"items\": ["));
  EXPECT_EQ(Run({"get", "job", "a", "-o", "name"}), 0);
  EXPECT_EQ(out(), "j-000000000001-aaaa\n");
  EXPECT_EQ(Run({"get", "workers"}), 0);
  EXPECT_THAT(out(), HasSubstr("worker-1  connected"));
}

TEST_F(App, LogsPrintTheNewestAttemptAndFollowToTheEnd) {
  AddJob("a", v1::PHASE_FAILED, 2);
  service_.AddArtifact("logs/a2-r1.log", "hello\n");
  EXPECT_EQ(Run({"logs", "a", "--rank", "1"}), 0) << err();
  EXPECT_EQ(out(), "hello\n");
  EXPECT_EQ(Run({"logs", "a", "--rank", "1", "-f"}), 100) << err();
  EXPECT_EQ(out(), "hello\n");
  EXPECT_EQ(Run({"logs", "a", "--attempt", "1"}), 3);
}

TEST_F(App, LogsSayHowMuchWasRotatedAway) {
  AddJob("a", v1::PHASE_FAILED, 2);
  service_.AddArtifact("logs/a2-r0.log", "hello\n");
  service_.AddArtifact("logs/a2-r0.log.base", "100");
  EXPECT_EQ(Run({"logs", "a"}), 0) << err();
  EXPECT_EQ(out(), "hello\n");
  EXPECT_EQ(err(), "[100 bytes of the log were rotated away]\n");
  EXPECT_EQ(Run({"logs", "a", "--tail", "1"}), 0) << err();
  EXPECT_EQ(err(), "") << "who asks for the last lines knows that there is more";
}

TEST_F(App, FollowingLogsGoesOnWhereAnAttemptLeftNone) {
  AddJob("a", v1::PHASE_SUCCEEDED, 1);
  EXPECT_EQ(Run({"logs", "a", "-f"}), 0) << err();
  EXPECT_EQ(Run({"logs", "a", "-f", "--rank", "7"}), 3) << "no attempt will ever have it";
}

TEST_F(App, ExportCopiesTheFilesIntoANewDirectory) {
  AddJob("a", v1::PHASE_SUCCEEDED);
  service_.AddArtifact("export/config.json", "{}");
  service_.AddArtifact("logs/a1-r0.log", "no");
  EXPECT_EQ(Run({"export", "a", "-o", Path("x/y")}), 0) << err();
  EXPECT_EQ(PosixFileSystem().Read(Path("x/y/config.json")).value(), "{}");
  EXPECT_EQ(PosixFileSystem().List(Path("x/y")).value().size(), 1u);
  service_.AddArtifact("export/../../evil", "no");
  EXPECT_EQ(Run({"export", "a", "-o", Path("x/y")}), 1);
}

TEST_F(App, MetricsAreOneRowAStep) {
  v1::StepMetrics sample;
  sample.set_step(1);
  sample.set_attempt(1);
  (*sample.mutable_values())["loss"] = 5.5;
  service_.AddSample(sample);
  sample.set_step(2);
  (*sample.mutable_values())["lr"] = 0.1;
  service_.AddSample(sample);
  EXPECT_EQ(Run({"metrics", "a"}), 0);
  EXPECT_THAT(out(), StartsWith("step,epoch,attempt,time,loss,lr\n1,0,1,"));
  EXPECT_THAT(out(), HasSubstr(",5.5,\n2,0,1,"));
}

TEST_F(App, DescribeAndCancelAnswer) {
  AddJob("a", v1::PHASE_QUEUED, 0);
  EXPECT_EQ(Run({"describe", "a"}), 0) << err();
  EXPECT_THAT(out(), HasSubstr("Labels:       team=vision\nPhase:        QUEUED"));
  EXPECT_THAT(out(), HasSubstr("Next: simclrctl wait"));
  const std::string described = out();
  EXPECT_EQ(Run({"describe", "job", "a"}), 0) << err();
  EXPECT_EQ(out(), described);
  EXPECT_THAT(out(), HasSubstr("In total: queued 0s"));
  EXPECT_EQ(Run({"describe", "a", "-o", "json"}), 0) << err();
  EXPECT_THAT(out(), HasSubstr("\"timeline\": {\n    \"events\": []"));
  EXPECT_EQ(Run({"describe", "worker", "worker-1", "-o", "yaml"}), 0) << err();
  EXPECT_THAT(out(), HasSubstr("name: worker-1"));
  EXPECT_EQ(Run({"describe", "worker", "worker-1"}), 0) << err();
  EXPECT_THAT(out(), HasSubstr("State:        connected"));
  EXPECT_THAT(out(), HasSubstr("Refused:      Observed.slots lists slot 0 twice"));
  EXPECT_EQ(Run({"describe", "worker", "worker-9"}), 3);
  EXPECT_THAT(err(), HasSubstr("'simclrctl get workers' lists them"));
  EXPECT_EQ(Run({"describe", "pod", "a"}), 2);
  EXPECT_EQ(Run({"cancel", "a"}), 0);
  EXPECT_THAT(out(), HasSubstr("is CANCELLED"));
}

TEST_F(App, ListsJobsPageByPage) {
  for (const char* name : {"a", "a-longer-name", "b", "c", "d"}) AddJob(name, v1::PHASE_QUEUED);
  ASSERT_EQ(Run({"get", "jobs"}), 0) << err();
  EXPECT_EQ(service_.lists().size(), 3u);
  EXPECT_THAT(out(), StartsWith("ID  "));
  const std::vector<std::string> lines = absl::StrSplit(out(), '\n');
  ASSERT_EQ(lines.size(), 7u);
  EXPECT_EQ(lines[1].find("QUEUED"), lines[5].find("QUEUED")) << "columns stay where they are";
  ASSERT_EQ(Run({"get", "jobs", "-o", "name", "--limit", "3"}), 0) << err();
  const std::vector<std::string> names = absl::StrSplit(out(), '\n');
  EXPECT_EQ(names.size(), 4u) << "three names, each with its line end";
  ASSERT_EQ(Run({"get", "jobs", "-o", "json"}), 0) << err();
  EXPECT_THAT(out(), StartsWith("{\n  \"items\": [\n    {\n"));
  EXPECT_THAT(out(), ::testing::EndsWith("\n    }\n  ]\n}\n"));
}

TEST_F(App, ListsTheJobsThatItsFiltersName) {
  ASSERT_EQ(Run({"get", "jobs", "--phase", "failed,QUEUED", "--kind", "linear-eval", "--name-prefix", "x",
                 "--mine", "-l", "team=vision", "--label", "run=7", "--since", "7d", "--until", "2026-01-31",
                 "--newest-first"}),
            0)
      << err();
  const v1::ListJobsRequest request = service_.lists().at(0);
  EXPECT_THAT(request.phases(), ::testing::ElementsAre(v1::PHASE_FAILED, v1::PHASE_QUEUED));
  EXPECT_THAT(request.kinds(), ::testing::ElementsAre(v1::JOB_KIND_LINEAR_EVAL));
  EXPECT_EQ(request.name_prefix(), "x");
  EXPECT_TRUE(request.mine() && request.newest_first());
  EXPECT_EQ(request.labels().at("team"), "vision");
  EXPECT_EQ(request.labels().at("run"), "7");
  EXPECT_TRUE(request.has_since() && request.has_until());
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"--phase", "gone"},
                                             {"--label", "x"},
                                             {"--since", "yesterday"},
                                             {"--mine", "--owner", "a"},
                                             {"a", "--mine"},
                                             {"-w", "--limit", "1"}}) {
    std::vector<std::string> words = {"get", "jobs"};
    words.insert(words.end(), wrong.begin(), wrong.end());
    EXPECT_EQ(Run(words), 2) << wrong[0];
  }
}

TEST_F(App, ContextsAreKeptInTheConfigFile) {
  EXPECT_EQ(Run({"config", "set-context", "two", "--server", "127.0.0.1:2"}), 0) << err();
  EXPECT_EQ(Run({"config", "use-context", "two"}), 0);
  EXPECT_EQ(Run({"config", "get-contexts"}), 0);
  EXPECT_THAT(out(), HasSubstr("*        two   127.0.0.1:2"));
  EXPECT_EQ(Run({"config", "use-context", "tow"}), 3);
  EXPECT_THAT(err(), HasSubstr("did you mean 'two'?"));
  EXPECT_EQ(std::filesystem::status(Path("config.yaml")).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(App, BashCompletesCommandsAndOptions) {
  ASSERT_EQ(Run({"completion", "bash"}), 0);
  Write("completion.sh", out());
  const auto complete = [this](const std::string& words, int word) {
    const std::string script = absl::StrCat("source ", Path("completion.sh"), "; COMP_WORDS=(", words,
                                            "); COMP_CWORD=", word, "; _simclrctl; echo ${COMPREPLY[@]}");
    std::FILE* pipe = ::popen(absl::StrCat("bash -c '", script, "' 2>&1").c_str(), "r");
    char answer[256] = "";
    EXPECT_NE(std::fgets(answer, sizeof answer, pipe), nullptr);
    ::pclose(pipe);
    return std::string(answer);
  };
  EXPECT_EQ(complete("simclrctl config use", 2), "use-context\n");
  EXPECT_EQ(complete("simclrctl wait job --f", 3), "--for\n");
}

}  // namespace
}  // namespace simclr::cli
