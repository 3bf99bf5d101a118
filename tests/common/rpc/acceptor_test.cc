#include "common/rpc/acceptor.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "tests/support/tcp_client.h"

namespace simclr {
namespace {

constexpr char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr absl::Duration kPatience = absl::Seconds(20);

// Keeps what it gets open until it is told otherwise.
class Hosts {
 public:
  ~Hosts() { CloseAll(); }

  void Take(int fd) {
    absl::MutexLock lock(&mutex_);
    taken_.push_back(fd);
    ++count_;
  }
  bool Await(int count, absl::Duration patience = kPatience) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return count_ >= count; };
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), patience);
  }
  int count() {
    absl::MutexLock lock(&mutex_);
    return count_;
  }
  void CloseAll() {
    absl::MutexLock lock(&mutex_);
    for (const int fd : taken_) ::close(fd);
    taken_.clear();
  }

 private:
  absl::Mutex mutex_;
  std::vector<int> taken_ ABSL_GUARDED_BY(mutex_);
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

class AcceptorTest : public ::testing::Test {
 protected:
  void Start(const AcceptorOptions& options = {}) {
    ListeningSocket socket = ListeningSocket::Open({"127.0.0.1", 0}).value();
    port_ = socket.port();
    acceptor_ = std::make_unique<Acceptor>(std::move(socket), options, [this](int fd) { hosts_.Take(fd); });
  }
  TcpClient Connect(const std::string& first = "") const { return TcpClient(port_, first); }

  Hosts hosts_;
  int port_ = 0;
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, HandsOnWhoHasSaidTheFirstWordsOfTheProtocol) {
  Start();
  const TcpClient silent = Connect(), slow = Connect("PRI * HT"), quick = Connect(kPreface);
  ASSERT_TRUE(hosts_.Await(1));
  EXPECT_EQ(hosts_.count(), 1);
  slow.Send("TP/2.0\r\n\r\nSM\r\n\r\n");
  EXPECT_TRUE(hosts_.Await(2)) << "also where they came in parts";
  EXPECT_FALSE(silent.HungUp());
}

TEST_F(AcceptorTest, HangsUpOnWhoSpeaksAnotherProtocol) {
  Start();
  EXPECT_EQ(Connect("GET / HTTP/1.1\r\n\r\n").ReadUntil(), "");
  EXPECT_EQ(hosts_.count(), 0);
}

TEST_F(AcceptorTest, HangsUpOnWhoStaysSilent) {
  AcceptorOptions options;
  options.greeting_limit = absl::Milliseconds(50);
  Start(options);
  EXPECT_EQ(Connect().ReadUntil(), "");
  EXPECT_EQ(Connect("PRI").ReadUntil(), "");
}

TEST_F(AcceptorTest, ThousandsOfSilentOnesKeepNobodyWaiting) {
  Start();
  const std::size_t count = std::min<std::size_t>(5000, RaiseDescriptorLimit() - 1000);
  std::vector<TcpClient> silent;
  for (std::size_t i = 0; i < count; ++i) silent.push_back(Connect(i % 2 == 0 ? "" : "PRI"));
  const absl::Time start = absl::Now();
  const TcpClient client = Connect(kPreface);
  EXPECT_TRUE(hosts_.Await(1));
  EXPECT_LT(absl::Now() - start, absl::Seconds(1));
  const auto open =
      std::count_if(silent.begin(), silent.end(), [](const auto& one) { return !one.HungUp(); });
  EXPECT_LE(open, AcceptorOptions().max_greeting);
}

TEST_F(AcceptorTest, RefusesAtOnceWhatIsTooManyUntilOthersHaveGone) {
  for (const bool of_address : {false, true}) {
    AcceptorOptions options;
    (of_address ? options.max_connections_of_address : options.max_connections) = 2;
    Start(options);
    const int before = hosts_.count();
    const TcpClient first = Connect(kPreface), second = Connect(kPreface);
    ASSERT_TRUE(hosts_.Await(before + 2));
    EXPECT_EQ(Connect(kPreface).ReadUntil(), "");
    EXPECT_TRUE(acceptor_->full());
    EXPECT_EQ(acceptor_->refused(), 1);
    hosts_.CloseAll();
    const absl::Time end = absl::Now() + kPatience;
    std::vector<TcpClient> again;
    do again.push_back(Connect(kPreface));
    while (!hosts_.Await(before + 3, absl::Milliseconds(20)) && absl::Now() < end);
    EXPECT_FALSE(acceptor_->full()) << "there is room again";
    hosts_.CloseAll();
  }
}

TEST_F(AcceptorTest, TakesConnectionsAgainAfterDescriptorsRanOut) {
  Start();
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const int lowest = ::dup(0);  // the one that the client gets below, after which there is none
  ::close(lowest);
  rlimit low = limit;
  low.rlim_cur = static_cast<rlim_t>(lowest) + 1;
  ::setrlimit(RLIMIT_NOFILE, &low);
  EXPECT_EQ(Connect(kPreface).ReadUntil(), "") << "it is turned away";
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const TcpClient after = Connect(kPreface);
  EXPECT_TRUE(hosts_.Await(1));
}

TEST(FitToDescriptors, LeavesAQuarterToOthers) {
  const AcceptorOptions few = FitToDescriptors({}, 1000);
  EXPECT_EQ(few.max_connections, 500);
  EXPECT_EQ(few.max_greeting, 250);
  EXPECT_EQ(FitToDescriptors({}, 1 << 20).max_connections, AcceptorOptions().max_connections);
}

TEST_F(AcceptorTest, StopsAtOnce) {
  Start();
  const TcpClient silent = Connect();
  const absl::Time start = absl::Now();
  acceptor_.reset();
  EXPECT_LT(absl::Now() - start, absl::Seconds(1));
  EXPECT_EQ(silent.ReadUntil(), "");
  EXPECT_FALSE(Connect().connected());
}

}  // namespace
}  // namespace simclr
