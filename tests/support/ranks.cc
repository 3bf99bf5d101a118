#include "tests/support/ranks.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/safetensors.h"

namespace simclr::testing {
namespace {

constexpr char kRank[] = "SIMCLR_TEST_RANK";
constexpr char kWorldSize[] = "SIMCLR_TEST_WORLD_SIZE";
constexpr char kEndpoint[] = "SIMCLR_TEST_ENDPOINT";
constexpr char kDirectory[] = "SIMCLR_TEST_DIRECTORY";

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string SavedPath(const std::string& directory, int rank) {
  return absl::StrCat(directory, "/rank", rank, ".safetensors");
}

std::string OutputPath(const std::string& directory, int rank) {
  return absl::StrCat(directory, "/rank", rank, ".log");
}

[[noreturn]] void RunAsRank(const std::function<void(RankContext&)>& body) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int rank = 0, world_size = 0;
  if (!absl::SimpleAtoi(Environment(kRank), &rank) ||
      !absl::SimpleAtoi(Environment(kWorldSize), &world_size)) {
    std::abort();
  }
  const std::string directory = Environment(kDirectory);
  auto store = engine::AttemptStore::Join(Environment(kEndpoint), absl::Seconds(30));
  if (!store.ok()) {
    ADD_FAILURE() << store.status();
    std::exit(1);
  }
  {
    RankContext context(rank, world_size, directory, std::move(*store));
    try {
      body(context);
    } catch (const std::exception& error) {
      ADD_FAILURE() << "rank " << rank << " threw: " << error.what();
    }
    engine::SafetensorsFile file;
    for (const auto& [name, tensor] : context.saved()) file.tensors.push_back({name, tensor});
    const absl::Status written = engine::WriteSafetensors(SavedPath(directory, rank), file);
    EXPECT_TRUE(written.ok()) << written;
  }
  const bool failed = ::testing::Test::HasFailure();
  std::fflush(nullptr);
  _exit(failed ? 1 : 0);  // the rest of the test is the parent's
}

pid_t StartRank(int rank, int world_size, const std::string& endpoint, const std::string& directory) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string filter = absl::StrCat("--gtest_filter=", test->test_suite_name(), ".", test->name());
  std::vector<std::string> environment = {
      absl::StrCat(kRank, "=", rank), absl::StrCat(kWorldSize, "=", world_size),
      absl::StrCat(kEndpoint, "=", endpoint), absl::StrCat(kDirectory, "=", directory), "OMP_NUM_THREADS=1"};
  std::vector<char*> pointers;
  for (std::string& entry : environment) pointers.push_back(entry.data());
  for (char** entry = environ; *entry; ++entry) pointers.push_back(*entry);
  pointers.push_back(nullptr);
  std::string program = std::filesystem::read_symlink("/proc/self/exe"), option = filter;
  char* const arguments[] = {program.data(), option.data(), nullptr};

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, OutputPath(directory, rank).c_str(), O_WRONLY | O_CREAT,
                                   0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t process = -1;
  const int error = posix_spawn(&process, program.c_str(), &actions, nullptr, arguments, pointers.data());
  posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(error, 0) << "cannot start rank " << rank;
  return process;
}

RankResult Collect(pid_t process, int rank, const std::string& directory) {
  RankResult result;
  int status = 0;
  waitpid(process, &status, 0);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  std::stringstream output;
  output << std::ifstream(OutputPath(directory, rank)).rdbuf();
  result.output = output.str();
  if (auto file = engine::ReadSafetensors(SavedPath(directory, rank)); file.ok()) {
    for (auto& [name, tensor] : file->tensors) result.saved[name] = tensor;
  }
  return result;
}

}  // namespace

RankContext::RankContext(int rank, int world_size, std::string directory,
                         std::unique_ptr<engine::AttemptStore> store)
    : rank_(rank), world_size_(world_size), directory_(std::move(directory)), store_(std::move(store)) {}

std::unique_ptr<engine::Collective> RankContext::Group(const std::string& name, absl::Duration timeout) {
  engine::RendezvousOptions options;
  options.prefix = "test/1/nonce";
  options.timeout = timeout;
  auto group = engine::MakeCollective(*store_, name, rank_, world_size_, options);
  if (!group.ok()) throw std::runtime_error(std::string(group.status().message()));
  return std::move(*group);
}

void RankContext::Save(const std::string& name, const at::Tensor& tensor) {
  saved_[name] = tensor.detach().clone();
}

std::vector<RankResult> RunRanks(int world_size, const std::function<void(RankContext&)>& body) {
  if (!Environment(kRank).empty()) RunAsRank(body);

  std::string directory = absl::StrCat(::testing::TempDir(), "/ranks-XXXXXX");
  if (!mkdtemp(directory.data())) throw std::runtime_error("cannot make " + directory);
  auto store = engine::AttemptStore::Host("127.0.0.1");
  if (!store.ok()) throw std::runtime_error(std::string(store.status().message()));

  std::vector<pid_t> processes;
  for (int rank = 0; rank < world_size; ++rank) {
    processes.push_back(StartRank(rank, world_size, (*store)->endpoint(), directory));
  }
  std::vector<RankResult> results;
  for (int rank = 0; rank < world_size; ++rank) {
    results.push_back(Collect(processes[rank], rank, directory));
  }
  std::filesystem::remove_all(directory);
  return results;
}

void ExpectAllPassed(const std::vector<RankResult>& results) {
  for (std::size_t rank = 0; rank < results.size(); ++rank) {
    EXPECT_EQ(results[rank].exit_code, 0) << "rank " << rank << ":\n" << results[rank].output;
  }
}

}  // namespace simclr::testing
