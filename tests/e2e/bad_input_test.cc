// What people, disks and certificates do wrong, with everything real: each mistake is answered at once, by a
// message that names the thing, the value and what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/file_system.h"
#include "tests/support/background_process.h"
#include "tests/support/local_cluster.h"
#include "tests/support/small_disk.h"
#include "tests/support/test_pki.h"

namespace simclr {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kJobFailed = 100;
constexpr int kInvalid = 7;
constexpr int kConflict = 6;
constexpr absl::Duration kLimit = absl::Seconds(60);

// 2 steps an epoch.
constexpr char kJob[] =
    "name: tiny\n"
    "kind: pretrain\n"
    "resources: {ranks: 1, device: cpu}\n"
    "data: {source: \"synthetic:train=128,test=16\", image_size: 32}\n"
    "augment: {preset: cifar10}\n"
    "model: {encoder: resnet18, width: 0.125, stem: cifar, head: {hidden: 32, out: 16}}\n"
    "train: {epochs: 1, global_batch: 64, seed: 7}\n";
// A checkpoint every 32 steps, for minutes.
const std::vector<std::string> kLong = {"data.source=synthetic:train=2048,test=16", "train.epochs=50"};

class BadInputTest : public ::testing::Test {
 protected:
  using Result = LocalClusterUnderTest::Result;

  static void SetUpTestSuite() {
    cluster_ = new LocalClusterUnderTest(SIMCLR_PROGRAMS, /*trainer=*/"");
    const Result up = cluster_->Up();
    ASSERT_EQ(up.code, 0) << up.err;
  }
  static void TearDownTestSuite() {
    delete cluster_;
    cluster_ = nullptr;
  }

  static std::string Path(const std::string& name) { return cluster_->temporary() / name; }
  static std::string Artifacts() { return cluster_->directory() + "/artifacts"; }
  static std::string Address() {
    return json::parse(PosixFileSystem().Read(cluster_->directory() + "/cluster.json").value())["address"];
  }
  static void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(PosixFileSystem().Write(Path(name), text).ok());
  }
  static Result Submit(std::vector<std::string> sets, const std::vector<std::string>& more) {
    Write("job.yaml", kJob);
    std::vector<std::string> arguments = {"submit", "-f", Path("job.yaml")};
    for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return cluster_->Ctl(arguments);
  }
  static std::string Start(const std::vector<std::string>& sets) {
    const Result submitted = Submit(sets, {"-o", "name"});
    EXPECT_EQ(submitted.code, 0) << submitted.err;
    return submitted.out.substr(0, submitted.out.find('\n'));
  }

  static void ExpectRefused(const std::vector<std::string>& sets,
                            const ::testing::Matcher<std::string>& message) {
    const Result result = Submit(sets, {});
    EXPECT_EQ(result.code, kInvalid) << result.out;
    EXPECT_THAT(result.err, message);
  }

  // The first attempt ends the job, and `describe` tells why.
  static void ExpectFailsAtOnce(const std::vector<std::string>& sets, const std::string& failure,
                                const ::testing::Matcher<std::string>& cause) {
    const Result result = Submit(sets, {"--wait", "-o", "name"});
    ASSERT_EQ(result.code, kJobFailed) << result.err;
    const std::string id = result.out.substr(0, result.out.find('\n'));
    const json status = cluster_->Job(id)["status"];
    EXPECT_EQ(status["phase"], "FAILED");
    EXPECT_EQ(status["failure"], failure);
    EXPECT_EQ(status["attempt"], 1);
    EXPECT_THAT(cluster_->Ctl({"describe", "job", id}).out, cause);
  }

  static json Newest(const std::string& id) {
    const json list = json::parse(cluster_->Ctl({"get", "checkpoints", id, "-o", "json"}).out);
    json newest = {{"step", 0}};
    for (const json& checkpoint : list["items"]) {
      if (checkpoint["step"] > newest["step"]) newest = checkpoint;
    }
    return newest;
  }

  // The long job in the middle of an epoch, with so many checkpoints; its trainer stands still from then on.
  static pid_t Freeze(const std::string& id, std::size_t checkpoints) {
    EXPECT_TRUE(cluster_->Await([&] { return cluster_->Checkpoints(id) >= checkpoints; }, kLimit));
    const int step = Newest(id)["step"];
    cluster_->AwaitJob(
        id, [&](const json& status) { return status["step"] > step + 2; }, kLimit);
    const std::vector<pid_t> trainers = cluster_->TrainerPids();
    EXPECT_EQ(trainers.size(), 1u);
    if (!trainers.empty()) ::kill(trainers[0], SIGSTOP);
    return trainers.empty() ? 0 : trainers[0];
  }

  static void CancelAndAwait(const std::string& id) {
    EXPECT_EQ(cluster_->Ctl({"cancel", id}).code, 0);
    cluster_->AwaitJob(
        id, [](const json& status) { return status["phase"] == "CANCELLED"; }, kLimit);
  }

  static std::vector<std::string> Worker(const std::string& name, const TlsFiles& tls) {
    return {absl::StrCat(SIMCLR_PROGRAMS, "/simclr-worker"),
            "--name",
            name,
            "--coordinator",
            Address(),
            "--dir",
            Path(name),
            "--artifacts",
            Artifacts(),
            "--slots",
            "1",
            "--http",
            "127.0.0.1:0",
            "--tls-ca",
            tls.ca,
            "--tls-cert",
            tls.certificate,
            "--tls-key",
            tls.key,
            "--trainer",
            absl::StrCat(SIMCLR_PROGRAMS, "/simclr-trainer")};
  }
  static TlsFiles TlsOf(const std::string& name) {
    const std::string pki = cluster_->directory() + "/pki/";
    return {pki + "ca.crt", pki + name + ".crt", pki + name + ".key"};
  }

  static inline LocalClusterUnderTest* cluster_ = nullptr;
};

TEST_F(BadInputTest, AnUnknownFieldIsRefusedWithTheClosestName) {
  ExpectRefused({"train.epohcs=2"}, AllOf(HasSubstr("epohcs"), HasSubstr("did you mean 'epochs'?")));
}

TEST_F(BadInputTest, AValueOfTheWrongTypeIsRefused) {
  ExpectRefused({"train.epochs=two"},
                AllOf(HasSubstr("train.epochs"), HasSubstr("'two'"), HasSubstr("write a whole number")));
}

TEST_F(BadInputTest, TextThatIsNoUtf8IsRefused) {
  ExpectRefused({"name=\xff"}, AllOf(HasSubstr("name=\\xff"), HasSubstr("UTF-8")));
}

TEST_F(BadInputTest, ABatchThatRanksCannotShareIsRefused) {
  ExpectRefused({"resources.ranks=2", "train.global_batch=63"},
                AllOf(HasSubstr("global_batch is 63"), HasSubstr("use a multiple, for example 62")));
}

TEST_F(BadInputTest, MoreRanksThanSlotsWaitAndSayWhatIsMissing) {
  const std::string id = Start({"resources.ranks=4"});
  const json job = cluster_->AwaitJob(
      id, [](const json& status) { return status["reason"] == "no-such-capacity"; }, kLimit);
  EXPECT_EQ(job["status"]["phase"], "QUEUED");
  EXPECT_THAT(cluster_->Ctl({"describe", "job", id}).out,
              AllOf(HasSubstr("needs 4 cpu slots, 2 free of 2"), HasSubstr("smaller resources.ranks")));
  EXPECT_THAT(cluster_->Ctl({"get", "jobs"}).out, HasSubstr("no-such-capacity"));
  CancelAndAwait(id);
}

TEST_F(BadInputTest, DataThatIsNotThereEndsTheJob) {
  ExpectFailsAtOnce({"data.source=folder:" + Path("nowhere")}, "data-error",
                    HasSubstr(Path("nowhere") + " does not exist"));
}

TEST_F(BadInputTest, AnEmptyFolderEndsTheJob) {
  std::filesystem::create_directory(Path("empty"));
  ExpectFailsAtOnce(
      {"data.source=folder:" + Path("empty")}, "data-error",
      AllOf(HasSubstr(Path("empty") + " holds no images"), HasSubstr("expected JPEG or PNG files")));
}

TEST_F(BadInputTest, AFileInPlaceOfAFolderEndsTheJob) {
  Write("file", "cat");
  ExpectFailsAtOnce({"data.source=folder:" + Path("file")}, "data-error",
                    AllOf(HasSubstr(Path("file") + " is not a folder"), HasSubstr("write tar:")));
}

TEST_F(BadInputTest, ABatchLargerThanTheDataEndsTheJob) {
  ExpectFailsAtOnce({"train.global_batch=256"}, "config-error",
                    AllOf(HasSubstr("global_batch 256"), HasSubstr("choose at most 128")));
}

TEST_F(BadInputTest, ANonFiniteLossEndsTheJobAndNamesStepAndLearningRate) {
  ExpectFailsAtOnce({"train.epochs=20", "optimizer.kind=sgd", "optimizer.lr=1.0e6", "optimizer.scaling=none",
                     "optimizer.warmup_epochs=0", "optimizer.weight_decay=1"},
                    "non-finite", AllOf(HasSubstr("step"), HasSubstr("learning rate")));
}

TEST_F(BadInputTest, AnEncoderOfAnotherModelEndsTheJobAndNamesTheTensor) {
  const Result trained = Submit({"name=donor"}, {"--wait"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  ASSERT_EQ(cluster_->Ctl({"export", "donor", "-o", Path("donor")}).code, 0);
  ExpectFailsAtOnce(
      {"model.init=" + Path("donor"), "model.width=0.25"}, "config-error",
      AllOf(HasSubstr("'conv1.weight'"), HasSubstr("(8, 3, 3, 3)"), HasSubstr("(16, 3, 3, 3)")));
  const std::string whole = PosixFileSystem().Read(Path("donor/model.safetensors")).value();
  Write("other.safetensors", absl::StrReplaceAll(whole, {{"\"conv1.weight\"", "\"conv9.weight\""}}));
  ExpectFailsAtOnce({"model.init=" + Path("other.safetensors")}, "config-error",
                    AllOf(HasSubstr(Path("other.safetensors")), HasSubstr("no tensor 'conv1.weight'")));
}

TEST_F(BadInputTest, ADamagedCheckpointIsPassedOverForTheOneBefore) {
  const std::string id = Start(kLong);
  const pid_t trainer = Freeze(id, 2);
  const json newest = Newest(id);
  const std::string model =
      absl::StrCat(Artifacts(), "/", newest["path"].get<std::string>(), "/model.safetensors");
  std::string bytes = PosixFileSystem().Read(model).value();
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(PosixFileSystem().Write(model, bytes).ok());
  ::kill(trainer, SIGKILL);
  const json job = cluster_->AwaitJob(
      id, [](const json& status) { return status["attempt"] == 2 && status["phase"] == "RUNNING"; }, kLimit);
  EXPECT_EQ(job["status"]["resumed_from_step"], newest["step"].get<int>() - 32);
  EXPECT_THAT(cluster_->Ctl({"logs", id, "--attempt", "2"}).out,
              AllOf(HasSubstr("WARNING"), HasSubstr(newest["path"].get<std::string>())));
  CancelAndAwait(id);
}

TEST_F(BadInputTest, AFullDiskPausesTheJobAndKeepsItsLastCheckpoint) {
  const SmallDisk disk(Artifacts(), "6m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small file system is not permitted here";
  const std::string id = Start(kLong);
  const pid_t trainer = Freeze(id, 1);
  const json newest = Newest(id);
  PosixFileSystem().Write(Artifacts() + "/filler", std::string(6 << 20, 'x')).IgnoreError();
  ::kill(trainer, SIGCONT);
  const json status = cluster_->AwaitJob(
      id, [](const json& now) { return now["phase"] == "PAUSED"; }, kLimit)["status"];
  EXPECT_EQ(status["failure"], "storage-full");
  EXPECT_EQ(Newest(id), newest);
  EXPECT_TRUE(PosixFileSystem().Exists(
      absl::StrCat(Artifacts(), "/", newest["path"].get<std::string>(), "/manifest.json")));
  EXPECT_THAT(cluster_->Ctl({"describe", "job", id}).out, HasSubstr("storage"));
  CancelAndAwait(id);
}

TEST_F(BadInputTest, ACoordinatorOnATakenPortEndsAndNamesIt) {
  const std::string log = Path("second-coordinator");
  const BackgroundProcess coordinator(
      {absl::StrCat(SIMCLR_PROGRAMS, "/simclr-coordinator"), "--data-dir", Path("second"), "--artifacts",
       Path("second-artifacts"), "--listen", Address(), "--http", "127.0.0.1:0"},
      log);
  EXPECT_TRUE(
      cluster_->Await([&] { return coordinator.log().find("choose another") != std::string::npos; }, kLimit));
  EXPECT_THAT(coordinator.log(), HasSubstr("cannot listen on " + Address()));
}

TEST_F(BadInputTest, ALocalClusterDoesNotTakeTheDirectoryOfAnother) {
  std::filesystem::create_directories(Path("other/coordinator"));
  Write("other/coordinator/state.db", "");
  const Result result = cluster_->Ctl({"local", "up", "--dir", Path("other")});
  EXPECT_EQ(result.code, kConflict);
  EXPECT_THAT(result.err, AllOf(HasSubstr(Path("other")), HasSubstr("belongs to another cluster"),
                                HasSubstr("choose another --dir")));
}

TEST_F(BadInputTest, AnAgentOfAnotherAuthorityIsNotRegistered) {
  TestPki foreign(Path("foreign"));
  TlsFiles tls = foreign.Worker("worker-3");
  tls.ca = TlsOf("worker-1").ca;
  const BackgroundProcess agent(Worker("worker-3", tls), Path("worker-3.log"));
  EXPECT_TRUE(cluster_->Await([&] { return agent.log().find("--tls-cert") != std::string::npos; }, kLimit))
      << agent.log();
  EXPECT_EQ(cluster_->Ctl({"get", "worker", "worker-3"}).code, 3);
}

TEST_F(BadInputTest, AnAgentCannotReportAsAnother) {
  const BackgroundProcess agent(Worker("worker-3", TlsOf("worker-1")), Path("posing.log"));
  EXPECT_TRUE(
      cluster_->Await([&] { return agent.log().find("PERMISSION_DENIED") != std::string::npos; }, kLimit));
  EXPECT_THAT(agent.log(),
              HasSubstr("the certificate is that of worker-1, which cannot report for worker-3"));
  EXPECT_EQ(cluster_->Ctl({"get", "worker", "worker-3"}).code, 3);
}

}  // namespace
}  // namespace simclr
