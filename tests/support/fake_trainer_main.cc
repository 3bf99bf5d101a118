// A trainer without an engine for tests of agent and cluster: attaches, waits for its endpoint, counts steps,
// reports and ends. What it does is in the environment variable FAKE_TRAINER as words: steps=N, step_ms=N,
// checkpoint_every=N, crash_at=N (abort), exit_at=N exit_code=N, hang_at=N (stops reporting), garble_at=N (a
// warning that is no UTF-8), ignore_drain, ignore_term.
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "common/base/ids.h"
#include "common/rpc/channel.h"
#include "simclr/v1/trainer_service.grpc.pb.h"

namespace {

namespace v1 = simclr::v1;
using Stream = grpc::ClientReaderWriter<v1::TrainerReport, v1::TrainerOrder>;

struct Behaviour {
  std::map<std::string, std::string> words;

  explicit Behaviour(const char* text) {
    for (const absl::string_view word : absl::StrSplit(text == nullptr ? "" : text, ' ', absl::SkipEmpty())) {
      const std::pair<std::string, std::string> parts = absl::StrSplit(word, absl::MaxSplits('=', 1));
      words[parts.first] = parts.second;
    }
  }
  bool Has(const std::string& name) const { return words.contains(name); }
  int Number(const std::string& name, int otherwise) const {
    return Has(name) ? std::stoi(words.at(name)) : otherwise;
  }
};

// The orders that came so far.
class Orders {
 public:
  void Read(Stream& stream) {
    v1::TrainerOrder order;
    while (stream.Read(&order)) {
      absl::MutexLock lock(&mutex_);
      if (order.has_start()) start_ = order.start();
      if (order.has_run()) run_ = true;
      if (order.has_drain()) drain_ = true;
    }
    absl::MutexLock lock(&mutex_);
    lost_ = true;
  }
  bool AwaitRun() {
    absl::MutexLock lock(&mutex_);
    const auto ready = [this] { return run_ || lost_; };
    mutex_.Await(absl::Condition(&ready));
    return run_;
  }
  v1::TrainerStart AwaitStart() {
    absl::MutexLock lock(&mutex_);
    const auto ready = [this] { return start_.has_rank() || lost_; };
    mutex_.Await(absl::Condition(&ready));
    return start_;
  }
  // The length of a step, cut short by a drain.
  bool AwaitDrain(absl::Duration step) {
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&drain_), step);
  }

 private:
  absl::Mutex mutex_;
  v1::TrainerStart start_;
  bool run_ = false;
  bool drain_ = false;
  bool lost_ = false;
};

class FakeTrainerProgram {
 public:
  FakeTrainerProgram(Stream& stream, const v1::TrainerHello& hello, const Behaviour& behaviour)
      : stream_(stream), hello_(hello), behaviour_(behaviour) {}

  int Run(Orders& orders) {
    v1::TrainerReport report;
    *report.mutable_hello() = hello_;
    stream_.Write(report);
    const v1::TrainerStart start = orders.AwaitStart();
    if (hello_.rank() == 0) {
      report.set_store_endpoint("127.0.0.1:9");
      stream_.Write(report);
    }
    if (!orders.AwaitRun()) return 31;
    int step = start.rank().resume_size() > 0 ? static_cast<int>(start.rank().resume(0).step()) : 0;
    const int total = behaviour_.Number("steps", 5);
    report.mutable_started()->set_resumed_from_step(step);
    report.mutable_started()->set_total_steps(total);
    report.mutable_started()->set_precision("fp32");
    stream_.Write(report);
    return Train(orders, step, total);
  }

 private:
  int Train(Orders& orders, int step, int total) {
    const absl::Duration length = absl::Milliseconds(behaviour_.Number("step_ms", 20));
    while (step < total) {
      const bool drain = orders.AwaitDrain(length) && !behaviour_.Has("ignore_drain");
      ReportStep(++step, total);
      if (step == behaviour_.Number("garble_at", -1)) ReportGarbage();
      if (step % behaviour_.Number("checkpoint_every", 1 << 30) == 0 || drain || step == total)
        ReportCheckpoint(step);
      if (step == behaviour_.Number("crash_at", -1)) std::abort();
      if (step == behaviour_.Number("exit_at", -1)) return std::stoi(behaviour_.words.at("exit_code"));
      if (step == behaviour_.Number("hang_at", -1)) ::pause();
      if (drain) return End(step, total, v1::FAILURE_CLASS_DRAINED, 10);
    }
    return End(step, total, v1::FAILURE_CLASS_SUCCESS, 0);
  }

  void ReportStep(int step, int total) {
    std::cout << "step " << step << " of " << total << std::endl;
    v1::TrainerReport report;
    report.mutable_progress()->set_activity(v1::ACTIVITY_FORWARD);
    report.mutable_progress()->set_step(step);
    report.mutable_progress()->set_total_steps(total);
    stream_.Write(report);
    report.mutable_metrics()->set_step(step);
    (*report.mutable_metrics()->mutable_values())["loss"] = 1.0 / step;
    stream_.Write(report);
    report.mutable_totals()->set_steps(++steps_taken_);
    (*report.mutable_totals()->mutable_seconds())["forward"] = 0.25 * steps_taken_;
    stream_.Write(report);
    stream_.Write(report);  // a repeated message must change nothing
  }

  void ReportGarbage() {
    v1::TrainerReport report;
    report.set_warning("image left out: caf\xe9.png");
    stream_.Write(report);
  }

  void ReportCheckpoint(int step) {
    if (hello_.rank() != 0) return;
    v1::TrainerReport report;
    report.mutable_checkpoint()->set_job_id(hello_.job_id());
    report.mutable_checkpoint()->set_attempt(hello_.attempt());
    report.mutable_checkpoint()->set_step(step);
    report.mutable_checkpoint()->set_path(absl::StrCat(
        hello_.job_id(), "/checkpoints/", simclr::AttemptName(hello_.attempt(), hello_.nonce()), "-s", step));
    stream_.Write(report);
  }

  int End(int step, int total, v1::FailureClass failure, int code) {
    v1::TrainerReport report;
    report.mutable_end()->set_failure(failure);
    report.mutable_end()->set_step(step);
    report.mutable_end()->set_total_steps(total);
    (*report.mutable_end()->mutable_results())["pretrain/loss"] = 1.0 / total;
    stream_.Write(report);
    return code;
  }

  Stream& stream_;
  const v1::TrainerHello& hello_;
  const Behaviour& behaviour_;
  int steps_taken_ = 0;  // by this process
};

}  // namespace

int main(int argc, char** argv) {
  constexpr char kBuild[] = "simclr fake";
  if (argc == 2 && std::string(argv[1]) == "--build") {
    std::cout << kBuild << std::endl;
    return 0;
  }
  std::map<std::string, std::string> flags;
  for (int i = 1; i + 1 < argc; i += 2) flags[argv[i]] = argv[i + 1];
  const Behaviour behaviour(std::getenv("FAKE_TRAINER"));
  if (behaviour.Has("ignore_term")) ::signal(SIGTERM, SIG_IGN);

  v1::TrainerHello hello;
  hello.set_job_id(flags["--job"]);
  hello.set_attempt(std::stoi(flags["--attempt"]));
  hello.set_rank(std::stoi(flags["--rank"]));
  hello.set_nonce(flags["--nonce"]);
  hello.set_pid(::getpid());
  hello.set_build(kBuild);
  const auto channel = simclr::MakeChannel(flags["--agent"], simclr::TlsFiles{});
  if (!channel.ok()) return 20;
  const auto stub = v1::TrainerService::NewStub(*channel);
  grpc::ClientContext context;
  const auto stream = stub->Attach(&context);
  Orders orders;
  std::thread reader([&] { orders.Read(*stream); });
  const int code = FakeTrainerProgram(*stream, hello, behaviour).Run(orders);
  stream->WritesDone();
  reader.join();
  stream->Finish();
  return code;
}
